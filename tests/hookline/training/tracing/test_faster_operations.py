"""Slow operations are replaced by faster ones, with the same bits."""

import json
import math

import pytest
import torch
import tracing
from torch import nn
from torch.nn import functional

import hookline
from hookline.data import Batch
from hookline.plugins.traced_steps import TracedSteps
from hookline.training.tracing import worth
from hookline.training.tracing.graphs import fastest as choice, recording, rewritten
from hookline.training.tracing.graphs.alternatives import Described, alternatives
from hookline.training.tracing.graphs.fastest import Faster

ATEN = torch.ops.aten
POOL = ATEN.max_pool2d_with_indices.default
BACKWARD = ATEN.upsample_bilinear2d_backward.default
OPERATIONS = [
    (POOL, (8, 8, 9, 7), [[2, 2], [2, 2]]),
    (POOL, (8, 8, 9, 7), [[3, 2], [2, 3], [1, 1], [1, 1], True]),
    (POOL, (4, 4, 9, 9), [[3, 3], [1, 2], [1, 0], [2, 3]]),
    (POOL, (2, 16, 1, 40), [[1, 3], [1, 2]]),
    (POOL, (2, 8, 1, 1), [[1, 1], [1, 1]]),
    (POOL, (48, 5, 6), [[2, 2], []]),
    (POOL, (1, 3, 80, 70), [[2, 2], [2, 2]]),
    (ATEN.max_pool3d_with_indices.default, (2, 8, 5, 4, 6), [[2, 2, 2], [2, 1, 2], [1, 0, 1]]),
    (ATEN.adaptive_max_pool2d.default, (4, 4, 7, 9), [[3, 4]]),
    (ATEN.avg_pool2d.default, (4, 4, 7, 9), [[2, 3], [2, 2], [1, 1], True, False]),
    (ATEN.avg_pool2d.default, (4, 4, 7, 9), [[2, 3], [2, 2], [0, 0], False, True, 5]),
    (BACKWARD, (4, 8, 9, 13), [[9, 13], [4, 8, 5, 7], True]),
]
SPECIAL = torch.tensor([0.0, -0.0, 1.0, 1.0, 2.0, math.inf, -math.inf, math.nan])


def bits(tensor):
    """The bits of the elements in their order in memory, of which any NaN is as good as another."""
    tensor = torch.where(tensor.isnan(), torch.nan, tensor) if tensor.is_floating_point() else tensor
    return tensor.shape, tensor.stride(), tensor.numpy().tobytes()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("operation", "shape", "options"), OPERATIONS, ids=str)
def test_planes_that_are_stored_together_have_the_same_bits(operation, shape, options, dtype):
    torch.manual_seed(0)
    ways, small = alternatives(operation, [Described(torch.Size(shape), dtype), *options])
    assert ways
    assert small[0].dtype == dtype
    for values in (torch.randn(shape, dtype=dtype), SPECIAL[torch.randint(len(SPECIAL), shape)].to(dtype)):
        expected = operation(values, *options)
        for way in ways:
            results = way(values, *options)
            assert isinstance(results, tuple) == isinstance(expected, tuple)
            pairs = zip(results, expected, strict=True) if isinstance(expected, tuple) else [(results, expected)]
            assert all(bits(one) == bits(other) for one, other in pairs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("probability", [[], [0.3], [0.0], [1.0]])
def test_masks_of_dropout_are_drawn_alike(probability, dtype):
    [way], _ = alternatives(ATEN.bernoulli_.float, [Described(torch.Size([5, 7]), dtype), *probability])
    masks = torch.empty(5, 7, dtype=dtype), torch.empty(5, 7, dtype=dtype)
    torch.manual_seed(0)
    expected, state = masks[0].bernoulli_(*probability), torch.get_rng_state()
    torch.manual_seed(0)
    assert way(masks[1], *probability) is masks[1]
    assert torch.equal(masks[1], expected)
    assert torch.equal(torch.get_rng_state(), state)


def wrong(planes, *_):
    values, indices = functional.max_pool2d(planes, 2, return_indices=True)
    return torch.where(values == 0, 0.0, values), indices


def test_a_way_with_other_bits_is_not_used(monkeypatch):
    """It differs only where a maximum is -0.0."""
    monkeypatch.setattr(choice, "LEAST_SECONDS", 0.0)
    given = [Described(torch.Size([8, 8, 4, 4]), torch.float32), [2, 2], [2, 2]]
    state = torch.get_rng_state()
    chosen = []
    for ways in ([wrong], [lambda *given: POOL(*given)]):
        monkeypatch.setattr(choice, "alternatives", lambda *_, ways=ways: (ways, given))
        monkeypatch.setattr(choice, "_seconds", lambda way, _: float(way is POOL))
        chosen.append(choice.fastest.__wrapped__(POOL, tuple(given), 1))
    assert chosen[0] is None
    assert chosen[1] is not None
    assert torch.equal(torch.get_rng_state(), state)


class Pooled(nn.Module):
    """A network of layers whose operations have faster ways."""

    def __init__(self):
        super().__init__()
        self.convolution, self.linear = nn.Conv2d(1, 4, 3), nn.Linear(16 * 4, 3)

    def forward(self, images):
        """Apply the layers."""
        rows = functional.max_pool2d(self.convolution(images), 2)
        rows = functional.interpolate(rows, scale_factor=2, mode="bilinear")
        rows = functional.avg_pool2d(functional.dropout2d(rows, 0.5), 2)
        rows = functional.adaptive_max_pool2d(functional.max_pool1d(rows.flatten(2), 2).unflatten(2, (3, 6)), (4, 4))
        return self.linear(functional.dropout(rows.flatten(1), 0.4))


IMAGES = [Batch({"x": torch.randn(4, 1, 14, 14)}, {"y": torch.tensor([0, 1, 2, 1])}) for _ in range(12)]


@pytest.fixture
def chosen(monkeypatch):
    """Take the last way of each operation, however long it takes; the names of the replaced operations."""
    names = []

    def last(operation, arguments, threads):
        assert threads == torch.get_num_threads()
        ways, _ = alternatives(operation, arguments)
        names.append(operation.name())
        return Faster(ways[-1], 1.0)

    monkeypatch.setattr(rewritten, "fastest", last)
    return names


@pytest.mark.parametrize("runner", tracing.RUNNERS)
def test_a_rewritten_graph_has_the_same_bits(runner, chosen, monkeypatch):
    tracing.trace_everything(monkeypatch, runner)
    counts = tracing.both_ways(lambda: (Pooled(), nn.CrossEntropyLoss()), IMAGES)
    assert counts == TracedSteps(traced=11, by_layers=1)
    assert chosen == [
        *("aten::max_pool2d_with_indices", "aten::bernoulli_.float", "aten::avg_pool2d"),
        *("aten::max_pool2d_with_indices", "aten::adaptive_max_pool2d", "aten::bernoulli_.float"),
        "aten::upsample_bilinear2d_backward",
    ]


def test_tensors_in_other_memory_formats_are_left(chosen, monkeypatch):
    tracing.trace_everything(monkeypatch, "torchscript")

    def make():
        model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 4, 3))
        return model.to(memory_format=torch.channels_last), nn.CrossEntropyLoss()

    images = torch.randn(4, 2, 6, 6).contiguous(memory_format=torch.channels_last)
    tracing.both_ways(make, [Batch({"x": images}, {"y": torch.tensor([0, 1, 2, 1])})] * 3)
    assert chosen == []


def test_a_faster_operation_that_differs_is_replaced_by_the_original_one(monkeypatch):
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, **__: True)
    monkeypatch.setattr(worth, "is_faster", lambda traced, by_layers: True)
    monkeypatch.setattr(rewritten, "fastest", lambda *_: Faster(lambda planes, *_: POOL(planes + 1, [2, 2]), 1.0))

    def make():
        return nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2 * 36, 3)
        ), nn.CrossEntropyLoss()

    recorded_and_differs, again = worth.WARM_UP + 1 + 1, 1 + 3
    reason = "faster operations are not used: the trace computes other bits of the loss"
    assert tracing.both_ways(make, IMAGES) == TracedSteps(
        traced=len(IMAGES) - recorded_and_differs - again, by_layers=recorded_and_differs + again, reasons=[reason]
    )


def test_a_step_whose_results_are_too_large_is_left_to_the_layers(monkeypatch):
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, **__: True)
    monkeypatch.setattr(recording, "LARGEST", 10_000)
    counts = tracing.both_ways(lambda: (Pooled(), nn.CrossEntropyLoss()), IMAGES)
    assert counts == TracedSteps(0, 12, ["the results of all operations are too large to be kept"])


def test_steps_with_updates_are_recorded_again_without_an_operation_that_differs(monkeypatch, tmp_path):
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, **__: True)
    monkeypatch.setattr(worth, "is_faster", lambda traced, by_layers: True)
    monkeypatch.setattr(rewritten, "fastest", lambda *_: Faster(lambda planes, *_: POOL(planes + 1, [2, 2]), 1.0))
    layers = [{"type": "Conv2d", "out_channels": 2, "kernel_size": 3}, {"type": "MaxPool2d", "kernel_size": 2}]
    spec = {
        "data": {"type": "Arrays", "inputs": ["x"], "targets": ["y"], "batch_size": 4},
        "model": {
            "type": "Sequential",
            "layers": [*layers, {"type": "Flatten"}, {"type": "Linear", "out_features": 3}],
        },
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "SGD", "lr": 0.01},
    }
    data = {"x": torch.randn(80, 1, 6, 6).numpy(), "y": (torch.arange(80) % 3).numpy()}
    trials = {}
    for trace in ("off", "auto"):
        given = hookline.load({"run": {"epochs": 2, "trace": trace}, **spec})
        trials[trace] = hookline.train(given, data=data, out=tmp_path / trace)
    assert trials["auto"].history == trials["off"].history
    counts = json.loads((trials["auto"].directory / "result.json").read_text())["traced_steps"]
    assert counts["traced"] > 20
    assert counts["reasons"] == ["faster operations are not used: the trace computes other bits of the loss"]


@pytest.mark.parametrize(("saved", "is_worthwhile"), [(None, True), (0.0, False), (0.01, True)])
def test_long_steps_are_traced_if_operations_become_faster(saved, is_worthwhile):
    """100 steps of 40 ms: in Python, a trace saves 0.15 s of its cost of 0.4 s."""
    run = tracing.run_of(100)
    run.steps_per_epoch = 100
    assert worth.earns_its_cost(run, 0.04, 1.0, with_updates=False, is_first=True, saved=saved) == is_worthwhile


def test_a_recorded_step_in_which_too_little_is_saved_is_left_to_the_layers(monkeypatch):
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, saved=None, **__: saved is None)
    counts = tracing.both_ways(lambda: (Pooled(), nn.CrossEntropyLoss()), IMAGES)
    assert counts == TracedSteps(0, 12, ["a trace of the recorded operations would save less time than it costs"])
