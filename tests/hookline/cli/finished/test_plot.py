import pytest
from PIL import Image
from run_directories import write_run

from hookline.cli.main import main
from hookline.runs.side_by_side.curves import Curve, comparison_figure


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs/1", lr=0.1, losses=[0.9, 0.2, 0.3])
    write_run(tmp_path / "runs/2", lr=0.5, losses=[0.9, 0.8, 0.75])
    return tmp_path


def test_the_curves_are_drawn_with_labels_of_what_differs(here, capsys):
    assert main(["plot", "runs", "--metric", "loss", "-o", "curves.svg"]) == 0
    text = (here / "curves.svg").read_text()
    assert all(f">{label}<" in text for label in ("lr = 0.1", "lr = 0.5", "validation/loss", "2 runs", "epoch"))
    assert capsys.readouterr().out.splitlines() == [
        "run     metric             best  epoch",
        "runs/1  validation/loss  0.2000      2",
        "runs/2  validation/loss  0.7500      3",
        "",
        "Drawn to curves.svg",
    ]


def test_a_picture_is_not_overwritten_without_force(here, capsys):
    assert main(["plot", "runs/1", "--metric", "training/loss"]) == 0
    with Image.open("curves.png") as picture:
        assert picture.format == "PNG"
    before = (here / "curves.png").read_bytes()
    assert main(["plot", "runs/2"]) == 2
    assert "curves.png already exists" in capsys.readouterr().err
    assert (here / "curves.png").read_bytes() == before
    assert main(["plot", "runs/2", "--force"]) == 0
    assert (here / "curves.png").read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "none does not exist. Pass a run directory"),
        (["."], None),
        (["runs/1", "--metric", "los"], 'No run has logged "los". Available: "training/loss" and'),
        (["runs/1", "-o", "a.pdf"], "a.pdf: The name of the picture must end in .png or .svg."),
        (["runs/1", "-o", "none/a.png"], "the directory none does not exist"),
        (["runs/1/plots"], "There is no run in runs/1/plots"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(arguments, message, here, capsys):
    (here / "runs/1/plots").mkdir()
    assert main(["plot", *arguments]) == (0 if message is None else 2)
    assert message is None or message in capsys.readouterr().err


def test_the_best_epoch_is_marked_and_many_runs_have_different_colors():
    curves = [Curve(label=f"run {index}", epochs=[1, 2], values=[1.0, index], best_epoch=2) for index in range(30)]
    figure = comparison_figure({"validation/loss": [*curves, None]}, "many")
    [axes] = figure.axes
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 2]
    assert len({tuple(line.get_color()) for line in lines}) == 30
    assert [list(line.get_xdata()) for line in axes.get_lines() if len(line.get_xdata()) == 1] == [[2]] * 30
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()][-2:] == ["run 18", "run 19, and 10 more"]


@pytest.mark.parametrize("label", ["a", "many/12", "lr = 0.001, momentum = 0.9", "WWWWWWWW"])
def test_the_legend_fits_into_the_picture(label):
    figure = comparison_figure({"validation/loss": [Curve(label=label, epochs=[1], values=[1.0])] * 12}, "many")
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
