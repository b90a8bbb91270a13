from math import inf, nan

import pytest
from PIL import Image

from hookline.plots.curves import LOSSES, _panels, draw_curves

FALLING = [1.0, 0.5, 0.25]


def shared(**curves):
    """The names of the numbers in each panel."""
    return [[name for names in panel.curves.values() for name in names] for panel in _panels(curves)]


def test_losses_and_other_numbers_have_separate_panels():
    assert shared(**{"training/loss": FALLING, "validation/loss": FALLING, "validation/Accuracy": FALLING}) == [
        ["training/loss", "validation/loss"],
        ["validation/Accuracy"],
    ]


def test_only_numbers_of_similar_size_share_a_panel():
    curves = {"validation/Accuracy": [0.5, 0.9], "lr": [0.01, 0.001], "validation/F1Score": [0.2, nan]}
    assert shared(**curves) == [["validation/Accuracy", "validation/F1Score"], ["lr"]]
    losses = {"training/loss": [3.0], "training/loss[size]": [500.0], "training/loss[species]": [0.7]}
    assert shared(**losses) == [["training/loss", "training/loss[species]"], ["training/loss[size]"]]


def test_a_number_has_one_panel_for_all_splits():
    assert shared(**{"training/loss": [0.001], "validation/loss": [1000.0]}) == [["training/loss", "validation/loss"]]


@pytest.mark.parametrize(
    "history",
    [
        [{"epoch": 1, "training/loss": 0.5, "validation/loss": 0.6}],
        [{"epoch": 1, "training/loss": nan, "validation/loss": inf}, {"epoch": 2}],
        [{"epoch": 1, "training/loss": 1e300, "validation/loss": 0.0}, {"epoch": 2, "validation/loss": -1e37}],
        [{"epoch": epoch, "training/loss": 10.0**-epoch} for epoch in range(1, 200)],
    ],
)
@pytest.mark.parametrize("yscale", ["linear", "log"])
def test_a_plot_is_drawn_for_any_numbers_without_partial_files(history, yscale, tmp_path):
    (tmp_path / "loss.png").write_text("The picture that was there before.")
    draw_curves(history, LOSSES, "a run", tmp_path / "loss.png", yscale=yscale)
    with Image.open(tmp_path / "loss.png") as picture:
        picture.load()
        assert picture.size == (910, 546)
    assert [path.name for path in tmp_path.iterdir()] == ["loss.png"]


def test_each_panel_makes_the_plot_taller(tmp_path):
    draw_curves([{"epoch": 1, "a": 1.0, "b": 100.0}], ["a", "b"], "a run", tmp_path / "two.png")
    with Image.open(tmp_path / "two.png") as picture:
        assert picture.size == (910, 806)


def test_the_epoch_of_the_saved_weights_is_marked_unless_it_is_the_last(tmp_path):
    history = [{"epoch": epoch, "training/loss": loss} for epoch, loss in enumerate([0.9, 0.5, 0.7], 1)]
    for name, kept in (("plain", None), ("last", 3), ("best", 2)):
        draw_curves(history, LOSSES, "a run", tmp_path / f"{name}.png", kept_epoch=kept)
    plain, last, best = ((tmp_path / f"{name}.png").read_bytes() for name in ("plain", "last", "best"))
    assert last == plain != best


def test_the_ticks_of_a_log_axis_are_plain_numbers_and_the_epochs_begin_with_1(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr("hookline.plots.curves.write_picture", lambda figure, path: figures.append(figure))
    history = [{"epoch": epoch, "training/loss": 95 - epoch / 2} for epoch in range(1, 101)]
    draw_curves(history, LOSSES, "a run", tmp_path / "loss.png", yscale="log")
    [figure] = figures
    figure.draw_without_rendering()
    [axes] = figure.axes
    low, high = axes.get_ylim()
    ticks = zip(axes.get_yticks(minor=True), axes.get_yticklabels(minor=True), strict=True)
    assert [label.get_text() for tick, label in ticks if low < tick < high] == ["50", "60", "70", "80", "90"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", *map(str, range(10, 101, 10))]
