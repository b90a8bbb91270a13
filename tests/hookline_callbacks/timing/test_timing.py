import csv
import tomllib
from copy import copy
from decimal import Decimal

import pytest
import torch
from small_training import SPECS, Ending, small

import hookline
from hookline_callbacks.gradients import gradient_norm
from hookline_callbacks.timing import stopwatch

PARTS = ["batches", "forward", "loss", "backward", "step", "evaluate", "log", "rest"]
SECOND = 10**9


def rows(directory):
    """Return the table, with exact decimals."""
    with (directory / "timing.csv").open(encoding="utf-8", newline="") as file:
        return [{name: Decimal(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def adds_up(row):
    return row["seconds"] == sum(row[name] for name in row if name not in ("epoch", "steps", "seconds"))


class Clock:
    """A clock that stands still unless it is advanced."""

    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now

    def take(self, seconds):
        self.now += int(seconds * SECOND)


@pytest.fixture
def clock(monkeypatch):
    """A single batch; waiting for it takes an eighth of a second, and so does finding no more."""
    clock = Clock()
    monkeypatch.setattr(stopwatch, "perf_counter_ns", clock)
    usual = hookline.data.TensorBatches.epoch

    def slow(self, number, start=0):
        clock.take(0.5)
        for batch in usual(self, number, start):
            clock.take(0.125)
            yield batch
        clock.take(0.125)

    monkeypatch.setattr(hookline.data.TensorBatches, "epoch", slow)
    return clock


class Taking:
    """Takes a known time in each stage, inside all wrappers, and leaves the answer to others."""

    def __init__(self, clock):
        self._clock = clock

    @hookline.hookimpl
    def forward(self):
        self._clock.take(1)

    @hookline.hookimpl
    def loss(self):
        self._clock.take(2)

    @hookline.hookimpl
    def backward(self):
        self._clock.take(4)

    @hookline.hookimpl
    def step(self):
        self._clock.take(8)

    @hookline.hookimpl
    def evaluate(self):
        self._clock.take(16)

    @hookline.hookimpl
    def log(self):
        self._clock.take(32)


def timed(clock, tmp_path, *callbacks, plugins=(), timing=None, **sections):
    made = small(*callbacks, {"type": "Timing", **(timing or {})}, **sections)
    trial = hookline.train(made, plugins=[*plugins, Taking(clock)], out=tmp_path / "run")
    return trial, rows(tmp_path / "run")


WAITING = Decimal("0.625")


def test_each_part_has_its_time_and_they_add_up_to_the_epoch(clock, tmp_path):
    trial, written = timed(clock, tmp_path)
    batches = len(trial.data.validation)
    assert (trial.steps, batches) == (6, 1)
    # An evaluation takes 16 s itself, plus the stages `forward` and `loss` of its batches.
    evaluation = 16 + Decimal("0.5") + batches * (Decimal("0.125") + 1 + 2) + Decimal("0.125")
    expected = {"batches": WAITING + 2 * Decimal("0.125"), "forward": 2, "loss": 4, "backward": 8, "step": 16}
    expected |= {"evaluate": evaluation, "log": 32, "rest": 0}
    assert [list(row) for row in written] == [["epoch", "steps", "seconds", *PARTS]] * 3
    for number, row in enumerate(written, 1):
        assert row == {"epoch": number, "steps": 2, "seconds": sum(expected.values()), **expected}


def test_with_a_real_clock_they_add_up_to_the_nanosecond(tmp_path):
    hookline.train(small({"type": "Timing"}), out=tmp_path / "run")
    written = rows(tmp_path / "run")
    assert [row["epoch"] for row in written] == [1, 2, 3]
    assert all(map(adds_up, written))
    assert all(row[part] > 0 for row in written for part in PARTS)


def test_the_example_spec_shows_where_the_time_goes(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "callbacks/Timing.toml"), out=tmp_path / "run")
    written = rows(tmp_path / "run")
    assert [(row["epoch"], row["steps"]) for row in written] == [(number, 45) for number in range(1, 11)]
    assert all(map(adds_up, written))
    lines = (tmp_path / "run/timing.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Timing: 10 epochs on cpu"
    assert [line.split()[0] for line in lines[3:12]] == [*PARTS, "whole"]
    assert trial.metrics["validation/Accuracy"] > 0.9


def test_the_summary_of_all_epochs(clock, tmp_path):
    trial, _ = timed(clock, tmp_path)
    text = tmp_path / "run/timing.txt"
    assert trial.notes == (f"Most of the time was spent in log (39%): see {text}.",)
    assert text.read_text(encoding="utf-8") == (
        "small: 3 epochs on cpu\n"
        "\n"
        "                seconds    share   first epoch    later epoch    step of it\n"
        "batches          2.6250     1.1%    875.000 ms     875.000 ms   437500.0 µs\n"
        "forward          6.0000     2.4%   2000.000 ms    2000.000 ms  1000000.0 µs\n"
        "loss            12.0000     4.8%   4000.000 ms    4000.000 ms  2000000.0 µs\n"
        "backward        24.0000     9.7%   8000.000 ms    8000.000 ms  4000000.0 µs\n"
        "step            48.0000    19.4%  16000.000 ms   16000.000 ms  8000000.0 µs\n"
        "evaluate        59.2500    23.9%  19750.000 ms   19750.000 ms\n"
        "log             96.0000    38.7%  32000.000 ms   32000.000 ms\n"
        "rest             0.0000     0.0%      0.000 ms       0.000 ms\n"
        "whole          247.8750   100.0%  82625.000 ms   82625.000 ms 41312500.0 µs\n"
        "\n"
        "The training took 247.875 s, of which 0.000 s were outside these epochs.\n"
    )


def test_a_single_epoch_has_no_summary_of_later_epochs(clock, tmp_path):
    _, written = timed(clock, tmp_path, epochs=1)
    assert [row["epoch"] for row in written] == [1]
    lines = (tmp_path / "run/timing.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "small: 1 epoch on cpu"
    assert lines[2].split() == ["seconds", "share", "first", "epoch"]
    assert lines[3].split() == ["batches", "0.8750", "1.1%", "875.000", "ms"]


def test_parts_of_a_batch_are_counted_together(clock, tmp_path):
    _, written = timed(clock, tmp_path, run={"epochs": 2, "name": "small", "accumulate": 4})
    parts = ("steps", "batches", "forward", "loss", "backward", "step")
    assert [[row[name] for name in parts] for row in written] == [[2, WAITING + Decimal("0.25"), 8, 16, 32, 16]] * 2
    assert all(map(adds_up, written))


def test_evaluations_of_lbfgs_are_counted_once_in_their_stages(clock, tmp_path):
    _, written = timed(clock, tmp_path, optimizer={"type": "LBFGS", "max_iter": 3}, epochs=1)
    [row] = written
    assert row["step"] == 16
    assert row["forward"] > 2
    assert row["loss"] == 2 * row["forward"]
    assert row["backward"] == 4 * row["forward"]
    assert adds_up(row)


@pytest.mark.parametrize(("place", "parts"), [(0, {"step": 20, "rest": 0}), (1, {"step": 16, "rest": 4})])
def test_the_time_of_another_callback_counts_only_if_it_is_listed_later(clock, tmp_path, monkeypatch, place, parts):
    norm = gradient_norm.total_norm
    monkeypatch.setattr(gradient_norm, "total_norm", lambda *given: (clock.take(2), norm(*given))[1])
    callbacks = [{"type": "GradientNorm"}]
    callbacks.insert(place, {"type": "Timing"})
    hookline.train(small(*callbacks, epochs=2), plugins=[Taking(clock)], out=tmp_path / "run")
    written = rows(tmp_path / "run")
    assert [{name: row[name] for name in parts} for row in written] == [parts] * 2
    assert all(map(adds_up, written))


def test_an_early_stop_ends_the_table(clock, tmp_path):
    stopping = {"type": "EarlyStopping", "patience": 1, "min_delta": 100.0}
    trial, written = timed(clock, tmp_path, stopping, epochs=9)
    assert trial.stopped
    assert [row["epoch"] for row in written] == [1, 2]
    assert len({row["seconds"] for row in written}) == 1


def test_steps_outside_the_limits_are_summed(clock, tmp_path):
    _, written = timed(clock, tmp_path, timing={"every": 3}, epochs=2)
    assert [list(row) for row in written] == [["epoch", "steps", "seconds", *PARTS, "other_steps"]] * 2
    assert all(map(adds_up, written))
    # Steps 1 and 2 are in the first epoch, 3 and 4 in the second; one of each counts.
    of_steps = ("forward", "loss", "backward", "step", "other_steps")
    assert [[row[name] for name in of_steps] for row in written] == [[0, 0, 0, 0, 30], [1, 2, 4, 8, 15]]
    whole = {"batches": WAITING + Decimal("0.25"), "evaluate": Decimal("19.75"), "log": 32, "rest": 0}
    assert [{name: row[name] for name in whole} for row in written] == [whole] * 2


def test_training_before_and_after_the_epochs_is_not_counted(clock, tmp_path):
    finder, averaging = {"type": "LearningRateFinder", "steps": 10}, {"type": "StochasticWeightAveraging", "start": 1}
    made = small({"type": "Timing"}, finder, averaging, epochs=2)
    hookline.train(made, plugins=[Taking(clock)], out=tmp_path / "run")
    written = rows(tmp_path / "run")
    assert [row["seconds"] for row in written] == [Decimal("82.625")] * 2
    text = (tmp_path / "run/timing.txt").read_text(encoding="utf-8")
    assert text.endswith("were outside these epochs.\n")
    assert "of which 0.000 s" not in text


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("No more.")], ids=repr)
def test_the_epochs_before_an_interruption_or_an_error_are_kept(error, tmp_path):
    with pytest.raises((hookline.Interrupted, hookline.errors.StageError)):
        hookline.train(small({"type": "Timing"}), plugins=[Ending(error, 3)], out=tmp_path / "run")
    assert [row["epoch"] for row in rows(tmp_path / "run")] == [1, 2]
    lines = (tmp_path / "run/timing.txt").read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("small: 2 epochs on cpu", "Epoch 3 did not end and is skipped.")


def test_without_a_complete_epoch_the_table_is_empty(tmp_path):
    with pytest.raises(hookline.errors.StageError):
        hookline.train(small({"type": "Timing"}), plugins=[Ending(RuntimeError(), 1)], out=tmp_path / "run")
    assert rows(tmp_path / "run") == []
    lines = (tmp_path / "run/timing.txt").read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("small: 0 epochs on cpu", "Epoch 1 did not end and is skipped.")


class Elsewhere:
    """Pretends to compute on another device."""

    @hookline.hookimpl(wrapper=True)
    def fit(self, run):
        device, run.device = run.device, torch.device("cuda", 0)
        trained = yield
        run.device = device
        return trained


@pytest.mark.parametrize("synchronize", [False, True])
def test_it_synchronizes_with_an_accelerator_only_on_request(synchronize, clock, tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: (waited.append(device), clock.take(0.25)))
    made = small({"type": "Timing", "synchronize": synchronize}, epochs=1)
    hookline.train(made, plugins=[Elsewhere(), Taking(clock)], out=tmp_path / "run")
    [row] = rows(tmp_path / "run")
    assert set(waited) == ({torch.device("cuda", 0)} if synchronize else set())
    # Each stage synchronizes at its end for its own work, and at its beginning for earlier work.
    assert row["forward"] == 2 * (1 + (Decimal("0.25") if synchronize else 0))
    assert adds_up(row)
    text = (tmp_path / "run/timing.txt").read_text(encoding="utf-8")
    assert ("launching its work" in text) != synchronize


def test_it_does_not_affect_the_training_and_the_log(tmp_path):
    plain = hookline.train(small(), out=tmp_path / "plain")
    for name in ("one", "two"):
        watched = hookline.train(small({"type": "Timing", "synchronize": True}), out=tmp_path / name)
        assert torch.equal(watched.model.weight, plain.model.weight)
        written = [(tmp_path / run / "metrics.jsonl").read_bytes() for run in ("plain", name)]
        assert written[0] == written[1]


def test_the_data_is_unchanged(tmp_path):
    runs = {"plain": small(epochs=1), "watched": small({"type": "Timing"}, epochs=1)}
    locks = [
        tomllib.loads((hookline.train(made, out=tmp_path / name).directory / "run.lock.toml").read_text())
        for name, made in runs.items()
    ]
    assert locks[0]["data"] == locks[1]["data"]
    batches = stopwatch.TimedBatches(hookline.data.TensorBatches({"x": torch.zeros(3, 1)}, batch_size=2), None, None)
    assert (batches.rows, len(batches), copy(batches).rows) == (3, 2, 3)


def test_a_second_one_is_an_error():
    with pytest.raises(hookline.errors.SpecError) as raised:
        small({"type": "Timing"}, {"type": "Timing", "synchronize": True})
    assert str(raised.value) == ("spec: callbacks[1]: Another Timing writes to the same files: remove one of them.")
