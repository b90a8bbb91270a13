import subprocess
import sys

import pytest
import torch
from PIL import Image
from small_training import SPECS, Adding, Ending, small

import hookline
import hookline_callbacks.plots.loss_plot

CHECKING = """
import sys
from hookline.cli.main import main
assert main(["check", *sys.argv[1:]]) == 0
assert not {"torch", "matplotlib", "torchmetrics"} & set(sys.modules), "checking imports them"
"""
DRAWING = """
import sys, tempfile
from pathlib import Path
import hookline
assert "matplotlib" not in sys.modules
for path in sys.argv[1:]:
    spec = hookline.load(path, ["run.epochs=1", "metrics=[]"])  # torchmetrics imports pyplot.
    with tempfile.TemporaryDirectory() as place:
        hookline.train(spec, out=Path(place) / "run")
    assert "matplotlib.pyplot" not in sys.modules, path
"""


@pytest.fixture
def drawn(monkeypatch):
    """Return what is drawn: the number of epochs, and the names of the numbers."""
    calls = []

    def draw(history, names, title, path, *, yscale, kept_epoch, kept_step):
        calls.append((len(history), list(names)))
        assert [record["epoch"] for record in history] == list(range(1, len(history) + 1))

    monkeypatch.setattr(hookline_callbacks.plots.loss_plot, "draw_curves", draw)
    return calls


def test_the_example_spec_draws_its_numbers_every_ten_epochs(tmp_path, drawn):
    trial = hookline.train(hookline.load(SPECS / "callbacks/LossPlot.toml"), out=tmp_path / "run")
    names = ["training/loss", "validation/loss", "validation/R2Score", "validation/MeanAbsoluteError", "lr"]
    assert drawn == [(epochs, names) for epochs in (10, 20, 30, 40)]
    assert trial.metrics["validation/R2Score"] > 0.3


def test_there_is_a_complete_plot_after_the_first_epoch(tmp_path):
    seen = []

    class Looking:
        @hookline.hookimpl(wrapper=True)
        def log(self, run):
            record = yield
            with Image.open(run.directory / "loss_plot.png") as picture:
                picture.load()
                seen.append(picture.size)
            return record

    hookline.train(small({"type": "LossPlot", "every": 1}, epochs=2), plugins=[Looking()], out=tmp_path / "run")
    assert seen == [(910, 546), (910, 546)]
    assert list((tmp_path / "run").glob("*.part")) == []


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"every": 1}, [1, 2, 3]),
        ({"every": 2}, [2, 3]),
        ({"every": 1, "last": 1}, [1, 3]),
        ({}, [3]),
        ({"last": 1}, [3]),
    ],
)
def test_it_draws_when_it_is_due_and_at_the_end(options, epochs, drawn, tmp_path):
    hookline.train(small({"type": "LossPlot", **options}), out=tmp_path / "run")
    assert [count for count, _ in drawn] == epochs


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("No more.")], ids=repr)
def test_the_epochs_before_an_interruption_or_an_error_are_drawn(error, drawn, tmp_path):
    made = small({"type": "LossPlot", "every": 9}, epochs=9)
    with pytest.raises((hookline.Interrupted, hookline.errors.StageError)):
        hookline.train(made, plugins=[Ending(error, 3)], out=tmp_path / "run")
    assert [count for count, _ in drawn] == [2]


@pytest.mark.parametrize(
    ("numbers", "names"),
    [
        (["validation/*"], ["validation/loss", "validation/Accuracy"]),
        (["lr", "*/loss"], ["lr", "training/loss", "validation/loss"]),
        (["*gradient_norm"], ["gradient_norm", "max_gradient_norm"]),
        (["gradient_norm", "*/loss"], ["gradient_norm", "training/loss", "validation/loss"]),
    ],
)
def test_names_and_patterns_also_select_numbers_that_callbacks_add(numbers, names, drawn, tmp_path):
    made = small({"type": "LossPlot", "numbers": numbers}, {"type": "GradientNorm"}, epochs=1)
    hookline.train(made, plugins=[Adding({"lr": 0.1})], out=tmp_path / "run")
    assert drawn == [(1, names)]


def test_the_final_plot_has_numbers_that_were_added_later(drawn, tmp_path):
    made = small({"type": "GradientNorm"}, {"type": "LossPlot", "numbers": ["*"], "every": 1}, epochs=2)
    hookline.train(made, out=tmp_path / "run")
    assert [count for count, _ in drawn] == [1, 2, 2]
    assert drawn[-1][1][-2:] == ["gradient_norm", "max_gradient_norm"]


def test_one_of_several_losses_is_named_with_its_brackets(drawn, tmp_path):
    callback = 'callbacks=[{type = "LossPlot", numbers = ["training/loss[width]", "*/loss[s*]"]}]'
    made = hookline.load(SPECS / "several_losses.toml", ["run.epochs=1", callback])
    hookline.train(made, out=tmp_path / "run")
    assert drawn == [(1, ["training/loss[width]", "training/loss[species]", "validation/loss[species]"])]


def test_data_without_a_validation_split_is_drawn_too(drawn, tmp_path):
    made = hookline.load(SPECS / "first_network.toml", ["run.epochs=1", 'callbacks=[{type = "LossPlot"}]'])
    hookline.train(made, out=tmp_path / "run")
    assert drawn == [(1, ["training/loss"])]


def test_it_changes_neither_the_weights_nor_the_log(tmp_path):
    with_it, without = (
        hookline.train(small(*callbacks), out=tmp_path / name)
        for name, callbacks in (("with", [{"type": "LossPlot", "numbers": ["*"], "yscale": "log"}]), ("without", []))
    )
    assert with_it.history == without.history
    assert all(map(torch.equal, with_it.model.state_dict().values(), without.model.state_dict().values()))


@pytest.mark.parametrize(
    ("numbers", "place", "message"),
    [
        (
            ["training/los"],
            0,
            '"training/los" is not logged. Did you mean "training/loss"? '
            'Logged: "training/loss", "validation/loss" and "validation/Accuracy".',
        ),
        (
            ["*/loss", "validation/acuracy"],
            1,
            '"validation/acuracy" is not logged. Did you mean "validation/Accuracy"? '
            'Logged: "training/loss", "validation/loss" and "validation/Accuracy".',
        ),
        (
            ["test/*"],
            0,
            '"test/*" is not logged. Logged: "training/loss", "validation/loss" and "validation/Accuracy".',
        ),
        (
            ["Accuracy"],
            0,
            '"Accuracy" is not logged. Did you mean "validation/Accuracy"? '
            'Logged: "training/loss", "validation/loss" and "validation/Accuracy".',
        ),
        ([], None, "There must be at least one number to draw."),
    ],
)
def test_numbers_that_are_never_logged_are_reported(numbers, place, message):
    with pytest.raises(hookline.errors.SpecError) as raised:
        small({"type": "LossPlot", "numbers": numbers})
    (problem,) = raised.value.problems
    assert problem.path == ("callbacks", 0, "numbers", *([] if place is None else [place]))
    assert problem.text == message


def test_a_number_that_no_callback_has_added_is_one_warning(drawn, tmp_path):
    with pytest.warns(hookline.HooklineWarning) as warned:
        hookline.train(
            small({"type": "LossPlot", "numbers": ["*/loss", "lrr"]}),
            plugins=[Adding(*[{"lr": 1}] * 3)],
            out=tmp_path / "run",
        )
    assert [str(warning.message) for warning in warned] == [
        'callbacks: LossPlot should draw "lrr", which is not logged. Did you mean "lr"?'
    ]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("../x.png", '"../x.png" is not the plain name of a file that ends in ".png", without a directory.'),
        ("x.jpg", '"x.jpg" is not the plain name of a file that ends in ".png", without a directory.'),
        ("loss.png", '"loss.png" is reserved for Hookline: choose another name.'),
        ("Loss.png", '"Loss.png" is reserved for Hookline: choose another name.'),
    ],
)
def test_a_file_in_another_directory_or_with_a_reserved_name_is_reported(file, message):
    with pytest.raises(hookline.errors.SpecError) as raised:
        small({"type": "LossPlot", "file": file})
    assert [(problem.path, problem.text) for problem in raised.value.problems] == [(("callbacks", 0, "file"), message)]


def test_two_callbacks_with_the_same_file_are_reported():
    with pytest.raises(
        hookline.errors.SpecError, match=r'callbacks\[1\].file: Another LossPlot also writes to "Loss_plot.png"'
    ):
        small({"type": "LossPlot"}, {"type": "LossPlot", "file": "Loss_plot.png"})


def test_checking_does_not_import_matplotlib_and_drawing_registers_no_figure(python):
    paths = [str(SPECS / f"callbacks/{name}.toml") for name in ("LossPlot", "Predictions", "ConfusionMatrix")]
    subprocess.run([sys.executable, "-c", CHECKING, *paths], check=True, capture_output=True)
    done = python.run("-c", DRAWING, *paths)
    assert done.returncode == 0, done.stderr
