"""Several steps in one call leave everything as the same steps one by one."""

import functools
import json
from collections import Counter

import numpy
import pytest
import torch
import tracing
from attrs import evolve
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

import hookline
from hookline.data import TensorBatches
from hookline.spec.objective.objective import Objective
from hookline.training.means import mean_loss
from hookline.training.tracing import calls as sizes, comparison, worth
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.running import in_torchscript
from hookline.training.tracing.updates import planned_epoch, steps_at_once, update, update_state
from hookline.training.tracing.updates.steps import Part

GENERATOR = numpy.random.default_rng(0)
INPUTS = GENERATOR.standard_normal((40, 3)).astype("float32")
TARGETS = INPUTS @ numpy.array([[1.0], [2.0], [3.0]], dtype="float32")


def trained(trace, out, *plugins, inputs=INPUTS, optimizer=None, callbacks=(), **run):
    spec = {
        "run": {"epochs": 4, "trace": trace, **run},
        "data": {"type": "Arrays", "inputs": ["x"], "targets": ["y"], "batch_size": 4},
        "model": {
            "type": "Sequential",
            "layers": [{"type": "Linear", "out_features": 4}, {"type": "Dropout"}, {"type": "Linear"}],
        },
        "loss": {"type": "MSELoss"},
        "optimizer": optimizer or {"type": "Adam", "lr": 0.01},
        "callbacks": list(callbacks),
    }
    return hookline.train(hookline.load(spec), data={"x": inputs, "y": TARGETS}, plugins=plugins, out=out)


def reasons_in(directory):
    return json.loads((directory / "result.json").read_text())["traced_steps"]["reasons"]


def weights(trial):
    return {name: tensor.numpy().tobytes() for name, tensor in trial.model.state_dict().items()}


@pytest.fixture
def calls(monkeypatch):
    """Make up to four steps in one call; the numbers of steps of all calls."""
    tracing.trace_everything(monkeypatch, "torchscript")
    counts, made = [], steps_at_once.StepsAtOnce.several

    def several(self, steps):
        counts.append(len(steps.batches))
        return made(self, steps)

    monkeypatch.setattr(steps_at_once.StepsAtOnce, "several", several)
    return counts


class AfterEpoch:
    """Notes what a callback sees after each epoch, and changes something."""

    def __init__(self, change=lambda run, optimizer: None):
        self.change, self.seen, self.optimizer = change, [], None

    @hookline.hookimpl(wrapper=True)
    def select_optimizer(self):
        self.optimizer = yield
        return self.optimizer

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        gradients = [one.grad.clone() for group in self.optimizer.param_groups for one in group["params"]]
        states = [
            one.numpy().tobytes()
            for state in self.optimizer.state.values()
            for one in state.values()
            if one is not None
        ]
        self.seen.append((run.step, run.loss.item(), [one.numpy().tobytes() for one in gradients], states))
        self.change(run, self.optimizer)
        return (yield)


def other_betas(run, optimizer):
    optimizer.param_groups[0]["betas"] = (0.5, 0.9)


def other_rate(run, optimizer):
    optimizer.param_groups[0]["lr"] /= 3


def other_states(run, optimizer):
    for state in optimizer.state.values():
        state["exp_avg"] = state["exp_avg"] * 0.5


def scaled_states(run, optimizer):
    for state in optimizer.state.values():
        state["exp_avg"] *= 0.5


def one_count(run, optimizer):
    if run.epoch == 2:
        next(iter(optimizer.state.values()))["step"] += 5


def all_counts(run, optimizer):
    for state in optimizer.state.values():
        state["step"] += 5


def hooked(run, optimizer):
    optimizer.register_step_pre_hook(lambda optimizer, *_: optimizer.param_groups[0].update(lr=0.5))


def slower(optimizer):
    optimizer.param_groups[0]["lr"] *= 0.9


def replaced(run, optimizer):
    usual = optimizer.step

    def step(closure=None):
        slower(optimizer)
        return usual(closure)

    if run.epoch == 2:
        optimizer.step = step


def hooked_for_all(run, optimizer):
    if run.epoch == 2:
        optimizer.handle = register_optimizer_step_pre_hook(lambda optimizer, *_: slower(optimizer))
    if run.epoch == 3:
        optimizer.handle.remove()


def other_groups(run, optimizer):
    if run.epoch == 2:
        [group] = optimizer.param_groups
        first, *others = group["params"]
        optimizer.param_groups = [{**group, "params": others}, {**group, "params": [first], "lr": 0.1}]


def skipped(run, optimizer):
    optimizer.found_inf = torch.tensor(float(run.epoch == 3))


def other_objective(run, optimizer):
    run.objective = Objective.of(evolve(run.spec.loss, factor=float(run.epoch)))


CHANGES = [
    *(other_betas, other_rate, other_states, scaled_states, one_count, all_counts, hooked, replaced, hooked_for_all),
    *(other_groups, other_objective, skipped),
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_seen_and_changed_between_epochs_is_the_same(change, calls, tmp_path):
    plugins = {trace: AfterEpoch(change) for trace in ("off", "auto")}
    plain, traced = (trained(trace, tmp_path / trace, plugins[trace]) for trace in plugins)
    assert plugins["auto"].seen == plugins["off"].seen
    assert weights(traced) == weights(plain)
    assert traced.history == plain.history
    assert 4 in calls


@pytest.fixture
def planned(monkeypatch):
    """The epochs whose steps were made as planned."""
    epochs, steps = [], planned_epoch.PlannedEpoch.steps
    monkeypatch.setattr(
        planned_epoch.PlannedEpoch, "steps", lambda self, epoch: epochs.append(epoch) or steps(self, epoch)
    )
    return epochs


def once(change):
    """Make a change after the second epoch, which is the first one whose steps are all made in one call."""

    @functools.wraps(change)
    def changing(run, optimizer):
        if run.epoch == 2:
            change(run, optimizer)

    return changing


def halved_rows(run, optimizer):
    run.kept["rows"].all.inputs["x"].mul_(0.5)


def other_rows(run, optimizer):
    run.kept["rows"].all.inputs["x"].data = torch.ones(40, 3)


def other_mode(run, optimizer):
    run.kept["model"].eval()


def without_dropout(run, optimizer):
    run.kept["model"][1].p = 0.0


def deterministic(run, optimizer):
    run.resources.callback(torch.use_deterministic_algorithms, torch.are_deterministic_algorithms_enabled())
    torch.use_deterministic_algorithms(mode=True, warn_only=True)


class Knowing(AfterEpoch):
    """It also knows the rows and the model."""

    @hookline.hookimpl(wrapper=True)
    def fit(self, run, data, model):
        run.kept |= {"rows": data.training, "model": model}
        return (yield)


KEEPING = [AfterEpoch().change, halved_rows, scaled_states, all_counts, other_rate, other_betas]
"""Changes of values, after which the steps can be made as planned."""

ENDING = [other_rows, other_mode, without_dropout, deterministic, other_states, one_count, hooked, replaced]
ENDING += [other_groups, other_objective, skipped]


@pytest.mark.parametrize(
    ("change", "is_planned"),
    [*((once(one), True) for one in KEEPING), *((once(one), False) for one in ENDING), (hooked_for_all, False)],
)
def test_a_change_after_an_epoch_in_one_call_is_noticed(change, is_planned, unequal, calls, planned, tmp_path):
    plugins = {trace: Knowing(change) for trace in ("off", "auto")}
    plain, traced = (trained(trace, tmp_path / trace, plugins[trace], epochs=5) for trace in plugins)
    assert plugins["auto"].seen == plugins["off"].seen
    assert weights(traced) == weights(plain)
    assert traced.history == plain.history
    assert (3 in planned) == is_planned


@pytest.fixture
def unequal(monkeypatch):
    """Batches of 12 rows, of which the last one has only four: all four steps of an epoch are made in one call."""
    usual = hookline.load

    def load(spec):
        spec["data"]["batch_size"] = 12
        return usual(spec)

    monkeypatch.setattr(hookline, "load", load)


@pytest.mark.parametrize("optimizer", [{"type": "Adam", "lr": 0.01}, {"type": "SGD", "momentum": 0.9}], ids=str)
@pytest.mark.parametrize("callbacks", [(), [{"type": "ExponentialLR", "gamma": 0.9, "interval": "step"}]], ids=str)
def test_a_smaller_last_batch_is_in_the_call_of_those_before(optimizer, callbacks, unequal, calls, tmp_path):
    plugins = {trace: AfterEpoch() for trace in ("off", "auto")}
    more = {"optimizer": optimizer, "callbacks": callbacks}
    plain, traced = (trained(trace, tmp_path / trace, plugins[trace], **more) for trace in plugins)
    assert plugins["auto"].seen == plugins["off"].seen
    assert weights(traced) == weights(plain)
    assert traced.history == plain.history
    assert calls == [1, 4, 4, 4]  # After two recorded steps and the last one of the epoch, of another shape.


def test_steps_of_another_shape_are_not_compiled_again(unequal, calls, monkeypatch, tmp_path):
    texts, compiled = [], in_torchscript.compiled
    monkeypatch.setattr(in_torchscript, "compiled", lambda *text: texts.append(text) or compiled(*text))
    trained("auto", tmp_path / "run")
    assert list(Counter(texts).values()) == [2, 2]  # The steps and the evaluation, each for both shapes.


@pytest.mark.parametrize("groups", [(), ({"parameters": "*bias", "lr": 0.1},)], ids=["one group", "two groups"])
def test_steps_are_counted_once_for_the_parameters_of_a_group(groups, calls, monkeypatch, tmp_path):
    optimizer = {"type": "AdamW", "lr": 0.01, "groups": list(groups)}
    wholes, made = [], runners.best_of_several

    def best_of_several(whole):
        wholes.append(whole)
        return made(whole)

    monkeypatch.setattr(runners, "best_of_several", best_of_several)
    plugins = {trace: AfterEpoch() for trace in ("off", "auto")}
    for trace, plugin in plugins.items():
        trained(trace, tmp_path / trace, plugin, optimizer=optimizer)
    assert plugins["auto"].seen == plugins["off"].seen
    [whole] = wholes
    counts = [str(call.arguments[0]) for call in whole.graph.calls if call.schema.name == "_foreach_add_"]
    assert [len(whole.lists[int(name.removeprefix("list"))]) for name in counts] == [1] * (1 + len(groups))


def test_if_the_last_batch_fails_no_step_of_the_call_is_made(unequal, calls, monkeypatch, tmp_path):
    usual, parts = update.TracedUpdates.run, []

    def run(self, columns, options, scalars):
        parts.append(len(columns[0]))
        if parts[-2:] == [3, 1]:
            raise RuntimeError("There is not enough memory.")
        return usual(self, columns, options, scalars)

    plain = trained("off", tmp_path / "off")
    monkeypatch.setattr(update.TracedUpdates, "run", run)
    traced = trained("auto", tmp_path / "auto")
    assert weights(traced) == weights(plain)
    assert traced.history == plain.history
    assert reasons_in(tmp_path / "auto") == ["the trace failed: There is not enough memory."]


@pytest.mark.parametrize("first", [3, 4], ids=["full batches", "the last batch"])
def test_a_planned_call_that_fails_is_repeated_by_the_layers(first, unequal, calls, planned, monkeypatch, tmp_path):
    failing_after(2, monkeypatch, RuntimeError("There is not enough memory."), first)
    seen = {trace: Seen() for trace in ("off", "auto")}
    plain, traced = (trained(trace, tmp_path / trace, one) for trace, one in seen.items())
    assert seen["auto"].ended == seen["off"].ended
    assert traced.history == plain.history
    assert planned == [3]
    assert reasons_in(tmp_path / "auto") == ["the trace failed: There is not enough memory."]


def test_layers_never_get_the_memory_of_planned_steps():
    several = TensorBatches({"x": torch.rand(11, 3)}, {"y": torch.rand(11)}, batch_size=4, seed=0)
    batches = list(several.epoch(1))
    plan = planned_epoch.PlannedEpoch(several, [Part(batches[:2], None), Part(batches[2:], None)])
    steps = plan.steps(2)
    kept = [batch.input for part in steps.parts for batch in part.batches]
    given, usual = ([batch.input for batch in some] for some in (steps.batches, several.epoch(2)))
    assert all(map(torch.equal, given, usual))
    assert not {one.data_ptr() for one in given} & {one.data_ptr() for one in kept}
    # The last bits of a matrix product depend on where its rows lie.
    assert [one.data_ptr() % 64 for one in given] == [one.data_ptr() % 64 for one in usual]


@pytest.mark.parametrize("row", [17, 39])
def test_an_infinite_loss_is_reported_with_its_step(row, calls, tmp_path):
    inputs = INPUTS.copy()
    inputs[row] = 1e30
    messages = []
    for trace in ("off", "auto"):
        with pytest.raises(hookline.HooklineError, match="The loss is infinite in epoch 1, step ") as raised:
            trained(trace, tmp_path / trace, inputs=inputs)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]
    assert 4 in calls


def test_an_interruption_ends_the_training_after_the_call(calls, monkeypatch, tmp_path):
    made = steps_at_once.StepsAtOnce.several

    def interrupted(self, steps):
        self._run.interrupt()
        return made(self, steps)

    monkeypatch.setattr(steps_at_once.StepsAtOnce, "several", interrupted)
    with pytest.raises(hookline.Interrupted) as raised:
        trained("auto", tmp_path / "run")
    assert (raised.value.trial.state, raised.value.trial.steps, calls) == ("interrupted", 6, [4])


def test_a_call_ends_where_something_is_due(calls, tmp_path):
    trial = trained("auto", tmp_path / "run", callbacks=[{"type": "Checkpoint", "every_steps": 3}], max_steps=13)
    recorded = 2
    assert calls == [3 - recorded, 3, 3, 1, 2, 1]
    assert trial.steps == 13


def test_the_first_call_is_as_long_as_the_comparison_says(calls, monkeypatch, tmp_path):
    monkeypatch.setattr(comparison, "CHECKS", 1)
    monkeypatch.setattr(worth, "is_faster", lambda *_: True)
    monkeypatch.setattr(sizes, "LONGEST", 2 * sizes.SHORTEST)  # No step is that fast.
    trained("auto", tmp_path / "run")
    assert calls[0] == 1


def test_steps_in_calls_count_when_a_change_requires_a_new_trace(calls, monkeypatch, tmp_path):
    def change(run, optimizer):
        optimizer.param_groups[0]["eps"] = 1e-3

    shares = []
    monkeypatch.setattr(worth, "earns_its_cost", lambda run, seconds, share, **_: shares.append(share) or True)
    trained("auto", tmp_path / "run", AfterEpoch(change))
    assert len(shares) >= 2
    assert set(shares) == {1.0}
    assert 4 in calls


@pytest.mark.parametrize("momentums", [(0.9, 0.0), (0.0, 0.9)])
def test_a_schedule_may_end_or_begin_the_momentum(momentums, calls, tmp_path):
    schedules = {trace: Momentum(*momentums) for trace in ("off", "auto")}
    plain, traced = (
        trained(trace, tmp_path / trace, one, optimizer={"type": "SGD", "lr": 0.01, "momentum": momentums[0]})
        for trace, one in schedules.items()
    )
    assert weights(traced) == weights(plain)
    assert schedules["auto"].buffers == schedules["off"].buffers
    assert schedules["auto"].steps == schedules["off"].steps == list(range(40))
    assert calls == [4, 4]  # The second one is not made: its steps are made one by one.


class Momentum:
    """A schedule that changes the momentum after 7 steps."""

    is_schedule = True

    def __init__(self, first, then):
        self.first, self.then, self.steps, self.buffers = first, then, [], []

    @hookline.hookimpl(wrapper=True)
    def step(self, run, optimizer):
        self.steps.append(run.step)
        answer = yield
        optimizer.param_groups[0]["momentum"] = self.first if run.step < 6 else self.then
        return answer

    @hookline.hookimpl(wrapper=True)
    def select_optimizer(self):
        self.optimizer = yield
        return self.optimizer

    @hookline.hookimpl(wrapper=True)
    def log(self):
        states = self.optimizer.state.values()
        buffers = [state["momentum_buffer"] for state in states if state.get("momentum_buffer") is not None]
        self.buffers.append([one.numpy().tobytes() for one in buffers])
        return (yield)

    def state_dict(self):
        """The steps."""
        return {"steps": list(self.steps)}

    def load_state_dict(self, state):
        """Load them."""
        self.steps = state["steps"]


class Saving:
    """Saves after each seventh step, and does not say so before."""

    saves_at_end = False

    def __init__(self):
        self.saved = []

    @hookline.hookimpl(wrapper=True)
    def fit(self, run):
        run.saving = self
        return (yield)

    def is_due_after_step(self, run):
        return run.step % 7 == 0

    def is_due_after_record(self, run):
        return False

    def save(self, run, state):
        self.saved.append((run.step, state["model"]["0.weight"].numpy().tobytes()))


def test_what_saves_at_any_time_is_asked_after_each_step(calls, tmp_path):
    both = Saving(), Saving()
    for trace, saving in zip(("off", "auto"), both, strict=True):
        trained(trace, tmp_path / trace, saving)
    assert [step for step, _ in both[0].saved] == [7, 14, 21, 28, 35]
    assert both[0].saved == both[1].saved
    assert set(calls) == {1}


def failing_after(count, monkeypatch, error, first=0):
    """Let the program of several steps fail after some steps, in its first call or in a later one."""
    best, made = runners.best_of_several, []

    def failing(whole):
        program = best(whole)

        def called(*inputs):
            *given, losses, last = inputs
            made.append(len(losses))
            if len(made) == first + 1:
                program(*given, losses[:count], last)
                raise error
            return program(*inputs)

        return called

    monkeypatch.setattr(runners, "best_of_several", failing)


class Seen:
    """Notes the run, and what it ends with."""

    @hookline.hookimpl(wrapper=True)
    def fit(self, run, model, optimizer):
        self.run = run
        try:
            return (yield)
        finally:
            states = [one for state in optimizer.state.values() for one in state.values()]
            tensors = [*model.state_dict().values(), *states, torch.get_rng_state()]
            self.ended = [run.step, [one.numpy().tobytes() for one in tensors]]


@pytest.mark.parametrize("first", [0, 2])
def test_a_call_that_fails_alone_is_repeated_by_the_layers(first, calls, monkeypatch, tmp_path):
    failing_after(3, monkeypatch, RuntimeError("There is not enough memory."), first)
    ended = []
    for trace in ("off", "auto"):
        seen, schedule = Seen(), Schedule()
        trial = trained(trace, tmp_path / trace, seen, schedule, inputs=INPUTS)
        ended.append((seen.ended, schedule.steps, trial.history))
    assert ended[0] == ended[1]
    assert calls == [4] * (first + 1)
    report = seen.run.traced_steps
    assert report.reasons == ["the trace failed: There is not enough memory."]
    assert (report.traced, report.by_layers) == (4 * first, 40 - 4 * first)


@pytest.mark.parametrize("name", ["0.running_mean", "x"])
def test_a_call_that_fails_leaves_buffers_and_batches(name, calls, monkeypatch, tmp_path):
    failing_after(2, monkeypatch, RuntimeError("It fails."))
    ended = []
    for trace in ("off", "auto"):
        seen, building = Seen(), Building(Doubling if name == "x" else Failing)
        trained(trace, tmp_path / trace, seen, building)
        ended.append(seen.ended)
    assert ended[0] == ended[1]
    assert calls == [4]


class Doubling(nn.Module):
    """Doubles its inputs in place."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(3, 1)

    def forward(self, x):
        return self.last(x.mul_(2))


def test_an_interruption_in_a_call_leaves_the_state_before_it(calls, monkeypatch, tmp_path):
    failing_after(2, monkeypatch, KeyboardInterrupt(), first=1)
    seen, schedule = Seen(), Schedule()
    with pytest.raises(hookline.Interrupted):
        trained("auto", tmp_path / "run", seen, schedule)
    interrupted = seen.ended
    trained("off", tmp_path / "off", seen, Schedule(), max_steps=2 + 4)
    assert interrupted == seen.ended
    assert schedule.steps == list(range(6))
    assert calls == [4, 4]


def test_large_parameters_are_updated_one_by_one(calls, monkeypatch, tmp_path):
    monkeypatch.setattr(update, "LARGEST", 3 * (4 * 3 + 4 + 4 + 1) * 4)  # The states of Adam also count the steps.
    seen = Seen()
    trained("auto", tmp_path / "run", seen)
    assert calls == []
    [reason] = seen.run.traced_steps.reasons
    assert reason.startswith("updates are made one by one: the parameters and the states of the optimizer are so large")


def test_an_infinite_loss_ends_the_training_where_losses_are_read(calls, monkeypatch, tmp_path):
    monkeypatch.setattr(mean_loss, "READ_EVERY", 5)
    inputs = INPUTS.copy()
    inputs[[2, 17, 20]] = 1e30
    ended = []
    for trace in ("off", "auto"):
        seen = Seen()
        with pytest.raises(hookline.HooklineError, match="The loss is infinite in epoch 1, step "):
            trained(trace, tmp_path / trace, seen, inputs=inputs)
        ended.append(seen.ended)
    assert ended[0] == ended[1]
    assert calls == [3]  # After two recorded steps.


class Failing(nn.Module):
    """Draws, writes to buffers, and fails for large inputs."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.drop = nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Dropout()
        self.last = nn.Embedding(2, 2)

    def forward(self, x):
        large = (x[:, 0].abs() > 100).long()
        return (self.drop(self.norm(self.first(x))) + self.last(large * 7)).sum(1, keepdim=True)


class Building:
    """Builds a model, and keeps it."""

    def __init__(self, kind=Failing):
        self.kind = kind

    @hookline.hookimpl
    def build_model(self):
        self.model = self.kind()
        return self.model

    @hookline.hookimpl(wrapper=True)
    def fit(self):
        """Note the random numbers inside the run, which are as before outside of it."""
        try:
            return (yield)
        finally:
            self.random_state = torch.get_rng_state().tolist()


@pytest.mark.parametrize("others", [[], ["around"]], ids=["in a call", "in a single step"])
def test_an_error_leaves_random_numbers_and_buffers_as_without_tracing(others, calls, tmp_path):
    inputs, ended = INPUTS.copy(), []
    inputs[17] = 1000
    for trace in ("off", "auto"):
        building = Building()
        with pytest.raises(hookline.HooklineError, match="index out of range"):
            trained(trace, tmp_path / trace, building, *(Around() for _ in others), inputs=inputs)
        state = [tensor.tolist() for tensor in building.model.state_dict().values()]
        ended.append((state, building.random_state))
    assert ended[0] == ended[1]
    assert (4 in calls) == (not others)


class RandomForFew(nn.Module):
    """Draws random numbers for small batches only."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, x):
        y = self.layer(x)
        return y + torch.rand_like(y) if len(x) < 12 else y


def test_a_last_batch_that_alone_draws_random_numbers_is_undone(unequal, calls, monkeypatch, tmp_path):
    usual, parts = update.TracedUpdates.run, []

    def run(self, columns, options, scalars):
        answer = usual(self, columns, options, scalars)
        parts.append(len(columns[0]))
        if parts.count(1) == 3:  # After its random numbers have been drawn.
            raise RuntimeError("There is not enough memory.")
        return answer

    plain = trained("off", tmp_path / "off", Building(RandomForFew))
    monkeypatch.setattr(update.TracedUpdates, "run", run)
    traced = trained("auto", tmp_path / "auto", Building(RandomForFew))
    assert weights(traced) == weights(plain)
    assert traced.history == plain.history
    assert reasons_in(tmp_path / "auto") == ["the trace failed: There is not enough memory."]


class Schedule:
    """A schedule of a plugin: it sees the steps in order, and halves the learning rate in each."""

    is_schedule = True

    def __init__(self):
        self.steps = []

    @hookline.hookimpl(wrapper=True)
    def step(self, run, optimizer):
        assert optimizer.param_groups[0]["lr"] == 0.01 * 0.5 ** len(self.steps)
        self.steps.append(run.step)
        answer = yield
        optimizer.param_groups[0]["lr"] *= 0.5
        return answer

    def state_dict(self):
        """The steps."""
        return {"steps": self.steps}

    def load_state_dict(self, state):
        """Load them."""
        self.steps = state["steps"]


def test_a_schedule_is_called_for_each_step(calls, tmp_path):
    schedules = Schedule(), Schedule()
    plain, traced = (
        trained(trace, tmp_path / trace, schedule) for trace, schedule in zip(("off", "auto"), schedules, strict=True)
    )
    assert weights(traced) == weights(plain)
    assert schedules[0].steps == schedules[1].steps == list(range(40))
    assert 4 in calls


def test_an_error_of_a_schedule_comes_at_its_step(calls, tmp_path):
    ended = []
    for trace in ("off", "auto"):
        schedule, seen = Ending(), Seen()
        with pytest.raises(hookline.HooklineError, match="has ended"):
            trained(trace, tmp_path / trace, schedule, seen)
        ended.append((seen.run.step, schedule.steps, seen.run.loss.item()))
    assert ended[0] == ended[1]
    assert ended[0][0] == Ending.LAST
    assert 4 in calls


class Ending(Schedule):
    """A schedule that ends inside a call of several steps."""

    LAST = 17

    @hookline.hookimpl(wrapper=True)
    def step(self, run, optimizer):
        if run.step == self.LAST:
            raise ValueError("The schedule has ended.")
        return (yield from super().step(run, optimizer))


class Around:
    """Wraps each step."""

    def __init__(self):
        self.steps = []

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        self.steps.append(run.step)
        return (yield)


class Stateless:
    """It is no schedule, since it could not return to an earlier step."""

    is_schedule = True

    @hookline.hookimpl(wrapper=True)
    def step(self):
        return (yield)


@pytest.mark.parametrize("other", [Around, Stateless])
def test_a_schedule_beside_another_wrapper_is_called_in_each_step(other, calls, tmp_path):
    trained("auto", tmp_path / "run", Schedule(), other())
    assert calls == []


NESTEROV = {"lr": 0.01, "momentum": 0.9, "nesterov": True}
NUMBERS_FROM_RATES = [
    {"type": "Adadelta", "lr": 0.5, "weight_decay": 0.01},
    {"type": "RMSprop", "centered": True, "momentum": 0.9},
    {"type": "SGD", **NESTEROV, "fused": False},
    {"type": "SGD", "lr": 0.01, "foreach": True, "weight_decay": 0.1},
]
"""Optimizers whose operations take numbers that were computed from the learning rate, and look at no values."""


@pytest.mark.parametrize("optimizer", NUMBERS_FROM_RATES, ids=str)
def test_an_optimizer_that_is_not_fused_makes_several_steps_too(optimizer, calls, tmp_path):
    plain, traced = (trained(trace, tmp_path / trace, optimizer=optimizer) for trace in ("off", "auto"))
    assert weights(traced) == weights(plain)
    assert 4 in calls
    assert reasons_in(tmp_path / "auto") == []


@pytest.mark.parametrize("epoch", [1, 3])
def test_without_a_fused_kernel_a_new_learning_rate_ends_the_traces_of_updates(epoch, calls, tmp_path):
    def change(run, optimizer):
        if run.epoch == epoch:
            optimizer.param_groups[0]["lr"] = 0.1

    plain, traced = (
        trained(trace, tmp_path / trace, AfterEpoch(change), optimizer=NUMBERS_FROM_RATES[0])
        for trace in ("off", "auto")
    )
    assert weights(traced) == weights(plain)
    assert sum(calls) == epoch * 10 - 2  # The first step makes the states, and the second one is recorded.
    assert reasons_in(tmp_path / "auto") == [f"updates are made one by one: {update_state.RATES}"]


def test_without_a_fused_kernel_a_schedule_leaves_steps_one_by_one(calls, tmp_path):
    plain, traced = (
        trained(trace, tmp_path / trace, Schedule(), optimizer={**NUMBERS_FROM_RATES[0], "lr": 0.01})
        for trace in ("off", "auto")
    )
    assert weights(traced) == weights(plain)
    assert calls == []
    assert reasons_in(tmp_path / "auto") == [f"updates are made one by one: {update_state.RATES}"]


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        ({"type": "Adam", "fused": False}, "aten._local_scalar_dense.default looks at the values of a tensor"),
        ({"type": "SGD", **NESTEROV, "foreach": True}, "the optimizer changes gradients"),
        (
            {"type": "SGD", **NESTEROV, "foreach": True, "weight_decay": 0.1},
            "the optimizer updates with aten._foreach_add_.List",
        ),
    ],
    ids=str,
)
def test_other_optimizers_make_each_step_themselves(optimizer, reason, calls, tmp_path):
    plain, traced = (trained(trace, tmp_path / trace, optimizer=optimizer) for trace in ("off", "auto"))
    assert weights(traced) == weights(plain)
    assert calls == []
    assert reasons_in(tmp_path / "auto") == [f"updates are made one by one: {reason}"]


class Observed(torch.optim.SGD):
    """An optimizer that cannot be observed: it has changed the parameters when it fails."""

    def step(self, closure=None):
        with torch.no_grad():
            self.param_groups[0]["params"][0].mul_(0.9)
        assert not torch._C._len_torch_dispatch_stack()
        return super().step(closure)


class Optimizing:
    """Makes an optimizer that is not of torch."""

    @hookline.hookimpl
    def select_optimizer(self, model):
        return Observed(model.parameters(), lr=0.01)


def test_an_optimizer_of_a_plugin_is_not_recorded(calls, tmp_path):
    seen = Seen()
    plain, traced = (trained(trace, tmp_path / trace, Optimizing(), seen) for trace in ("off", "auto"))
    assert weights(traced) == weights(plain)
    assert calls == []
    assert seen.run.traced_steps.reasons == ["updates are made one by one: Observed is no optimizer of torch"]
    assert seen.run.traced_steps.traced == 39


def test_a_wrapper_sees_each_step(calls, tmp_path):
    around = Around()
    trained("auto", tmp_path / "run", around)
    assert (around.steps, calls) == (list(range(40)), [])
