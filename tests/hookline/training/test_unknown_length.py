"""Training with batches whose number is not known before they are read."""

import json

import pytest
import torch
from attrs import evolve
from small_training import small

import hookline
from hookline.cli.main import main
from hookline.cli.output.plans.plan_lines import plan_lines
from hookline.data import length_of
from hookline.errors import MismatchError
from hookline.runs.lock import read
from hookline.training.planning.planning import planned
from hookline.training.run_setup import new_run

SPEC = """
[run]
epochs = 2

[data]
type = "Random"
features = 4
targets = [0.5, 1, 2, 0, 1, 3, 2, 1, 0.5, 2, 1, 0, 1, 2]
batch_size = 4

[model]
type = "Linear"
out_features = 1

[loss]
type = "MSELoss"

[optimizer]
type = "SGD"
lr = 0.1
"""


class Queue:
    """Batches of another object, without their number and that of the rows."""

    def __init__(self, batches):
        self._batches = batches
        self.rows = 0

    def epoch(self, number, start=0):
        return self._batches.epoch(number, start)


class Queued:
    """Hides how many batches there are."""

    @hookline.hookimpl(wrapper=True)
    def prepare_data(self):
        data = yield
        return evolve(data, training=Queue(data.training))


def test_it_trains_as_with_a_known_length(tmp_path):
    known = hookline.train(small(), out=tmp_path / "known")
    queued = hookline.train(small(), plugins=[Queued()], out=tmp_path / "queued")
    assert queued.history[:2] == known.history[:2]
    for name, parameter in known.model.state_dict().items():
        assert torch.equal(queued.model.state_dict()[name], parameter)


CALLBACKS = [
    {"type": "ExponentialLR", "gamma": 0.9, "interval": "step"},
    {"type": "CosineAnnealingLR"},
    {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 100},
    {"type": "NaNGuard", "action": "skip"},
    {"type": "GradientNorm", "every": 2},
    {"type": "Timing"},
    {"type": "Profile", "wait": 0, "warmup": 0, "active": 1},
]


@pytest.mark.parametrize("callback", CALLBACKS, ids=lambda one: one["type"])
def test_callbacks_that_need_no_length_run(callback, tmp_path):
    trial = hookline.train(small(callback, epochs=2), plugins=[Queued()], out=tmp_path / "run")
    assert trial.steps == 4


@pytest.mark.parametrize(
    ("callback", "path"),
    [
        ({"type": "OneCycleLR", "max_lr": 0.1}, ("callbacks", 0, "total_steps")),
        ({"type": "CosineAnnealingLR", "interval": "step"}, ("callbacks", 0, "T_max")),
        (
            {
                "type": "SequentialLR",
                "interval": "step",
                "milestones": [1],
                "schedulers": [{"type": "ConstantLR", "total_iters": 1}, {"type": "CosineAnnealingLR"}],
            },
            ("callbacks", 0, "schedulers", 1, "T_max"),
        ),
    ],
)
def test_a_schedule_with_the_length_of_the_run_is_refused(callback, path, tmp_path):
    with pytest.raises(MismatchError) as raised:
        hookline.train(small(callback), plugins=[Queued()], out=tmp_path / "run")
    assert raised.value.diagnostic.path == path
    assert "the data does not know its number of batches. Set this option, or" in raised.value.message
    assert not (tmp_path / "run").exists()


def test_the_plan_says_that_it_is_unknown():
    spec = small()
    with new_run(spec, hookline_plugins(spec)) as run:
        plan = planned(run)
    assert plan.steps_per_epoch is None
    text = "\n".join(plan_lines(plan))
    assert text.startswith("small: 3 epochs of an unknown number of steps on cpu")
    assert "unknown rows for training, 30 rows for validation" in text


def hookline_plugins(spec):
    from hookline.plugins.manager import Plugins

    return Plugins(spec.plugins, [Queued()])


def test_it_can_be_repeated_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "queued.py").write_text(
        "from attrs import evolve\n"
        "from hookline import hookimpl\n\n\n"
        "class Queue:\n"
        "    rows = 0\n\n"
        "    def __init__(self, batches):\n        self.batches = batches\n\n"
        "    def epoch(self, number, start=0):\n        return self.batches.epoch(number, start)\n\n\n"
        "@hookimpl(wrapper=True)\n"
        "def prepare_data():\n    data = yield\n    return evolve(data, training=Queue(data.training))\n"
    )
    (tmp_path / "spec.toml").write_text(SPEC)
    assert main(["train", "spec.toml", "--out", "run", "-p", "queued.py"]) == 0
    assert "2 epochs of an unknown number of steps" in capsys.readouterr().out
    assert "steps_per_epoch" not in read(tmp_path / "run")
    assert main(["train", "--locked", "run", "--out", "again", "-q", "-p", "queued.py"]) == 0
    assert json.loads((tmp_path / "run" / "result.json").read_text())["steps"] == 8


def test_a_wrapper_of_such_batches_has_no_length_either():
    class Wrapper(Queue):
        def __len__(self):
            return len(self._batches)

    assert length_of(Queue([])) is None
    assert length_of(Wrapper(Queue([]))) is None
    assert length_of(Wrapper([1, 2])) == 2
