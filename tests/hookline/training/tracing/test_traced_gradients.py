"""Steps are traced only as long as a trace computes the same bits as the layers."""

import numpy
import pytest
import torch
import tracing
from torch import nn

from hookline.data import Batch
from hookline.plugins.traced_steps import TracedSteps
from hookline.training.tracing import beginning, comparison, shapes, step_traces, traced_gradients, worth


def batches(count, rows=4):
    generator = torch.Generator().manual_seed(0)
    return [
        Batch({"x": torch.randn(rows, 3, generator=generator)}, {"y": torch.randn(rows, 2, generator=generator)})
        for _ in range(count)
    ]


class Layer(nn.Module):
    """A linear layer, and what a test adds to it."""

    def __init__(self, change):
        super().__init__()
        self.linear, self.change, self.calls, self.rate, self.scales = nn.Linear(3, 2), change, 0, 0.5, [1.0]

    def forward(self, rows):
        """Apply the layer."""
        return self.change(self, self.linear(rows))


def made(change=lambda layer, rows: rows):
    return lambda: (Layer(change), nn.MSELoss())


@pytest.fixture
def always(monkeypatch):
    """Trace however short the run is; compare first, as usual."""
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, **__: True)
    monkeypatch.setattr(worth, "is_faster", lambda traced, by_layers: True)


AGAIN = 1 + comparison.CHECKS
FIRST = worth.WARM_UP + AGAIN


@pytest.mark.usefixtures("always")
def test_the_first_batches_of_each_shape_are_computed_by_the_layers():
    small, large = batches(20, rows=2), batches(20)
    alternating = [batch for pair in zip(small, large, strict=True) for batch in pair]
    assert tracing.both_ways(made(), alternating) == TracedSteps(traced=40 - 2 * FIRST, by_layers=2 * FIRST)


@pytest.mark.usefixtures("always")
def test_random_numbers_and_running_statistics_are_those_of_the_layers():
    def make():
        return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 2)), nn.MSELoss()

    assert tracing.both_ways(make, batches(20)).traced == 20 - FIRST


@pytest.mark.usefixtures("always")
def test_further_shapes_are_computed_by_the_layers():
    several = [batch for rows in range(1, shapes.MOST_SHAPES + 3) for batch in batches(FIRST + 1, rows=rows)]
    in_all, others = len(several), shapes.MOST_SHAPES - 1
    by_layers = FIRST + others * AGAIN + 2 * (FIRST + 1)  # Only the first shape needs steps before the recorded one.
    expected = TracedSteps(
        traced=in_all - by_layers,
        by_layers=by_layers,
        reasons=["there are too many shapes of batches"],
    )
    assert tracing.both_ways(made(), several) == expected


def test_a_short_run_is_not_traced(monkeypatch):
    monkeypatch.setattr(worth, "can_earn_its_cost", lambda run: True)
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, **__: False)
    counts = tracing.both_ways(made(), batches(20))
    assert counts == TracedSteps(0, 20, ["the run is too short to earn back the cost of tracing"])


def test_a_trace_that_is_not_faster_is_not_used(monkeypatch):
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, **__: True)
    monkeypatch.setattr(worth, "is_faster", lambda traced, by_layers: False)
    assert tracing.both_ways(made(), batches(20)) == TracedSteps(0, 20, ["the trace takes as long as the layers"])


def test_a_slow_step_is_not_traced(monkeypatch):
    monkeypatch.setattr(worth, "SLOWEST_STEP", 0.0)
    counts = tracing.both_ways(made(), batches(20))
    assert counts == TracedSteps(0, 20, ["a step takes so long that tracing saves little"])


def counting(layer, rows):
    layer.calls += 1
    return rows * layer.calls


def remembering(layer, rows):
    layer.scales.append(1.0)
    return rows * len(layer.scales)


def looking(layer, rows):
    return rows if rows.sum() > 0 else -rows


def reading(layer, rows):
    return rows * rows.sum().item()


def drawing(layer, rows):
    return rows * numpy.random.rand()


def selecting(layer, rows):
    return rows[rows[:, 0] > 0].sum() + rows


def multiplied(layer, rows):
    """torch computes the gradient of a product in another way while operations are recorded."""
    return rows * rows.exp().prod(1, keepdim=True)


def from_numpy(layer, rows):
    return rows + torch.from_numpy(rows.detach().numpy() * 2)


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (counting, "a step changes Layer"),
        (remembering, "a step changes Layer.scales"),
        (reading, "aten._local_scalar_dense.default looks at the values of a tensor"),
        (looking, "the trace failed: the layers look at values, which lead to other operations now"),
        (drawing, "a layer draws random numbers from Python or NumPy"),
        (selecting, "the shape of what is selected by a mask depends on its values"),
        (from_numpy, "`numpy` looks at the values of a tensor"),
        (multiplied, "torch computes aten.prod.dim_int in another way while it is recorded"),
    ],
)
def test_a_layer_that_depends_on_more_than_its_tensors_computes_each_step_once(change, reason):
    numpy.random.seed(0)
    state = numpy.random.get_state()

    def make():
        numpy.random.set_state(state)
        return made(change)()

    assert tracing.both_ways(make, batches(20)) == TracedSteps(0, 20, [reason])


@pytest.mark.usefixtures("always")
def test_a_layer_that_reads_something_that_changes_in_the_first_batches_is_found(monkeypatch):
    def changing(layer, rows):
        torch.unwatched += 1
        return rows * min(torch.unwatched, worth.WARM_UP + 2)

    def make():
        monkeypatch.setattr(torch, "unwatched", 0, raising=False)
        return made(changing)()

    counts = tracing.both_ways(make, batches(20))
    assert counts == TracedSteps(0, 20, ["the trace computes other bits of the loss"])


class Reconstructing(nn.Module):
    """Compares views of outputs and targets."""

    def forward(self, outputs, targets):
        return (outputs - targets.view(1, -1, 3)[0]).square().mean() + (outputs * targets.view(-1, 3, 1)[..., 0]).mean()


class Residual(nn.Linear):
    """Uses two views of the rows."""

    def forward(self, rows):
        return super().forward(rows.view(-1, 3, 1).view(-1, 3)) + rows.view(1, -1, 3)[0]


@pytest.mark.usefixtures("always")
def test_groups_that_share_memory_in_the_first_batches_may_differ_later():
    several = [Batch({"x": one.input}, {"y": one.input.view(4, 3)}) for one in batches(FIRST + 2)]
    several += [Batch({"x": one.input + 1}, {"y": one.input}) for one in batches(4)]
    # Copies of a batch share no memory, so all but the order of the tests is that of `tracing.both_ways`.
    ended = []
    for is_traced in (False, True):
        torch.manual_seed(1)
        run, model, criterion = tracing.run_of(), Residual(3, 3), Reconstructing()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        gradients = tracing.Plain(model, criterion, optimizer).gradients
        if is_traced:
            gradients = beginning.traced_gradients(run, model, criterion, optimizer, gradients)
        losses = []
        for batch in several:
            losses.append(gradients(batch))
            optimizer.step()
        ended.append(losses)
    assert ended[0] == ended[1]
    assert run.traced_steps.traced == 6


class Subclass(torch.Tensor):
    """A tensor whose class is not torch's."""


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda batch: batch.input.requires_grad_(), "the rows of a batch need gradients"),
        (lambda batch: batch.input.as_subclass(Subclass), "the rows of a batch are of type Subclass"),
    ],
)
def test_batches_of_other_tensors_are_computed_by_the_layers(change, reason):
    several = [Batch({"x": change(batch)}, batch.targets) for batch in batches(12)]
    run, model, criterion = tracing.run_of(), nn.Linear(3, 2), nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    plain = tracing.Plain(model, criterion, optimizer)
    gradients = beginning.traced_gradients(run, model, criterion, optimizer, plain.gradients)
    for batch in several:
        gradients(batch)
    assert run.traced_steps == TracedSteps(0, 12, [reason])


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("runner", tracing.RUNNERS)
def test_a_step_whose_values_lead_to_other_operations_has_the_bits_of_the_layers(runner, monkeypatch):
    """It draws random numbers and writes to a buffer before it looks at the values."""
    monkeypatch.setattr(traced_gradients.runners, "best", tracing.RUNNERS[runner])

    class Choosing(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(3), nn.Linear(3, 2))

        def forward(self, rows):
            outputs = self.layers(rows)
            return outputs if rows.abs().max() < LARGE else outputs * 2

    several = batches(FIRST + 6)
    several[-3].inputs["x"][0] = 2 * LARGE
    counts = tracing.both_ways(lambda: (Choosing(), nn.MSELoss()), several)
    assert counts.traced == 3
    assert counts.reasons == ["the trace failed: the layers look at values, which lead to other operations now"]


LARGE = 100.0


def trained(change_at_10, count=30):
    """Train both ways, with a change of the model after 10 steps; return what was traced."""
    run, weights = tracing.run_of(), []
    for is_traced in (False, True):
        torch.manual_seed(1)
        model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))
        criterion = nn.MSELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        gradients = tracing.Plain(model, criterion, optimizer).gradients
        if is_traced:
            gradients = beginning.traced_gradients(run, model, criterion, optimizer, gradients)
        for step, batch in enumerate(batches(count)):
            if step == 10:
                change_at_10(model, optimizer)
            gradients(batch)
            optimizer.step()
        weights.append([parameter.detach().clone() for parameter in model.parameters()])
    assert tracing.are_equal(*weights)
    return run.traced_steps


def other_dropout(model, optimizer):
    model[1].p = 0.1


def frozen(model, optimizer):
    model[0].requires_grad_(requires_grad=False)


def evaluating(model, optimizer):
    model[1].eval()


def another_layer(model, optimizer):
    model[1] = nn.Tanh()


def another_parameter(model, optimizer):
    model[2].bias = nn.Parameter(torch.ones(2))


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (other_dropout, "Sequential.1"),
        (frozen, "which parameters are trained"),
        (evaluating, "Sequential.1"),
        (another_layer, "Sequential"),
    ],
)
def test_a_change_of_a_layer_requires_a_new_trace(change, reason):
    counts = trained(change)
    assert counts == TracedSteps(30 - FIRST - AGAIN, FIRST + AGAIN, [f"a change of {reason} required a new trace"])


@pytest.mark.usefixtures("always")
def test_a_parameter_that_the_optimizer_does_not_have_is_found():
    counts = trained(another_parameter)
    assert counts.by_layers == 30 - (10 - FIRST)
    assert counts.reasons[1:] == ["the optimizer does not have all parameters"]


@pytest.mark.usefixtures("always")
def test_a_hook_is_called_in_each_step():
    outputs = []

    def hook(model, optimizer):
        model[2].register_forward_hook(lambda *given: outputs.append(given))

    counts = trained(hook)
    assert len(outputs) == 2 * 20
    assert counts.reasons == ["a change of the hooks of a layer required a new trace", "Sequential.2 has hooks"]


@pytest.mark.usefixtures("always")
def test_too_many_changes_end_tracing():
    def make():
        return made(lambda layer, rows: rows * layer.rate)()

    run = tracing.run_of()
    model, criterion = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    plain = tracing.Plain(model, criterion, optimizer)
    gradients = beginning.traced_gradients(run, model, criterion, optimizer, plain.gradients)
    for index, batch in enumerate(batches(step_traces.MOST_CHANGES * 10 + 20)):
        if index % 10 == 9:
            model.rate += 0.5
        gradients(batch)
    assert run.traced_steps.by_layers >= step_traces.MOST_CHANGES * AGAIN + 20
    last = plain.calls
    gradients(batch)
    assert plain.calls == last + 1


@pytest.mark.usefixtures("always")
def test_a_step_that_is_observed_is_computed_by_the_layers():
    run = tracing.run_of()
    model, criterion = made()()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    plain = tracing.Plain(model, criterion, optimizer)
    gradients = beginning.traced_gradients(run, model, criterion, optimizer, plain.gradients)
    for batch in batches(10):
        gradients(batch)
    assert plain.calls == FIRST
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor) or tensor, lambda tensor: tensor):
        gradients(batch)
    assert plain.calls == FIRST + 1
    assert saved
    gradients(batch)
    assert plain.calls == FIRST + 1


@pytest.mark.usefixtures("always")
def test_an_error_is_that_of_the_layers():
    run = tracing.run_of()
    torch.manual_seed(0)
    model, criterion = nn.Sequential(nn.Embedding(5, 3)), nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    gradients = beginning.traced_gradients(
        run, model, criterion, optimizer, tracing.Plain(model, criterion, optimizer).gradients
    )
    for _ in range(10):
        gradients(Batch({"x": torch.tensor([1, 2])}, {"y": torch.ones(2, 3)}))
    assert run.traced_steps.traced == 10 - FIRST
    with pytest.raises(IndexError, match="index out of range in self"):
        gradients(Batch({"x": torch.tensor([1, 7])}, {"y": torch.ones(2, 3)}))


@pytest.mark.usefixtures("always")
def test_batches_with_lengths_are_computed_by_the_layers():
    run = tracing.run_of()
    model, criterion = made()()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    plain = tracing.Plain(model, criterion, optimizer)
    gradients = beginning.traced_gradients(run, model, criterion, optimizer, plain.gradients)
    for batch in batches(10):
        gradients(Batch(batch.inputs, batch.targets, {"x": torch.tensor([1, 2, 3, 3])}))
    assert plain.calls == 10
    assert run.traced_steps == TracedSteps(0, 10, ["the inputs are sequences with lengths"])


@pytest.mark.usefixtures("always")
def test_what_a_layer_reads_from_torch_itself_is_not_noticed_later(monkeypatch):
    """The limit of what is guaranteed, as docs/tracing.md says."""
    monkeypatch.setattr(torch, "unwatched", 1.0, raising=False)
    run = tracing.run_of()
    model, criterion = made(lambda layer, rows: rows * torch.unwatched)()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    plain = tracing.Plain(model, criterion, optimizer)
    gradients = beginning.traced_gradients(run, model, criterion, optimizer, plain.gradients)
    losses = [gradients(batch) for batch in [batches(1)[0]] * (FIRST + 1)]
    monkeypatch.setattr(torch, "unwatched", 2.0)
    assert gradients(batches(1)[0]) == losses[0] != plain.gradients(batches(1)[0])
