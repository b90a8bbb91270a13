"""A callback whose files cannot be written neither stops a training nor hides another error."""

import warnings

import numpy
import pytest
from small_training import Ending, small

import hookline


class InTheWay:
    """Creates a file or directory with the name that a callback uses."""

    def __init__(self, path):
        self._path = path

    @hookline.hookimpl(wrapper=True)
    def fit(self, run):
        path = run.directory / self._path
        if path.suffix:
            path.mkdir(parents=True)
        else:
            path.touch()
        return (yield)


BLOCKED = [
    ({"type": "LossPlot", "every": 1}, "loss_plot.png"),
    ({"type": "LossPlot"}, "loss_plot.png"),
    ({"type": "ConfusionMatrix", "every": 1}, "confusion_matrix"),
    ({"type": "ConfusionMatrix"}, "confusion_matrix/epoch-0002.png"),
    ({"type": "ConfusionMatrix"}, "confusion_matrix/test.png"),
    ({"type": "Predictions", "every": 1}, "predictions"),
    ({"type": "Predictions"}, "predictions/epoch-0002.png"),
    ({"type": "Timing"}, "timing.txt"),
    ({"type": "LearningRateFinder", "steps": 10}, "learning_rate.csv"),
    ({"type": "LearningRateFinder", "steps": 10}, "learning_rate.png"),
]


def spec(callback, directory):
    path = directory / "images.npz"
    numpy.savez(path, x=numpy.zeros((8, 1, 4, 4), "float32"), y=numpy.arange(8) % 2)
    data = {"type": "NPZ", "path": str(path), "inputs": "x", "targets": "y", "validation": 0.25, "test": 0.25}
    model = {"type": "Sequential", "layers": [{"type": "Flatten"}, {"type": "Linear", "out_features": 2}]}
    return small(callback, epochs=2, data=data, model=model)


@pytest.mark.parametrize(("callback", "path"), BLOCKED, ids=str)
def test_a_file_that_cannot_be_written_is_one_warning_and_the_training_finishes(callback, path, tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", hookline.HooklineWarning)
        trial = hookline.train(spec(callback, tmp_path), plugins=[InTheWay(path)], out=tmp_path / "run")
    assert (trial.state, trial.epochs) == ("finished", 2)
    [message] = [str(one.message) for one in caught if "cannot be written" in str(one.message)]
    assert message.startswith(f"{tmp_path / 'run' / path}: The file cannot be written: ")
    assert message.endswith(" Training continues without it.")


@pytest.mark.parametrize(("callback", "path"), [BLOCKED[1], BLOCKED[7]], ids=str)
def test_a_file_that_cannot_be_written_does_not_hide_the_error_that_ends_the_training(callback, path, tmp_path):
    plugins = [InTheWay(path), Ending(ValueError("first"))]
    with (
        pytest.warns(hookline.HooklineWarning, match="cannot be written"),
        pytest.raises(hookline.errors.StageError, match=r"(?m): ValueError: first$"),
    ):
        hookline.train(spec(callback, tmp_path), plugins=plugins, out=tmp_path / "run")
