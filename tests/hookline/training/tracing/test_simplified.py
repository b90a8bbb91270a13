"""What a simplified graph consists of, and that its results have the same bits."""

import pytest
import torch

from hookline.training.tracing.graphs.builder import GraphBuilder
from hookline.training.tracing.graphs.recording import with_recording
from hookline.training.tracing.graphs.runners import in_python
from hookline.training.tracing.graphs.simplified import simplified


def names_of(compute, *given):
    """Return the names of the operations, after a comparison of their results."""
    with torch.no_grad():
        results, operations = with_recording(lambda: compute(*given))
    builder = GraphBuilder(given)
    for operation in operations:
        builder.add(operation)
    graph, _ = simplified(builder.graph(results), builder.tensors, builder.reshaped)
    found = in_python(graph)(*given)
    assert [(one.shape, one.stride()) for one in found] == [(one.shape, one.stride()) for one in results]
    assert all(map(torch.equal, found, results))
    return [call.schema.name for call in graph.calls]


@pytest.mark.parametrize(
    ("dimensions", "shape"), [([0], [3, 4]), ([0, 1], [4]), ([-1], [5, 3]), ([1, -1], [5]), ([0, 1, 2], [])], ids=str
)
def test_a_sum_leaves_out_what_a_view_of_it_leaves_out(dimensions, shape):
    rows = torch.randn(5, 3, 4)
    assert names_of(lambda x: [x.sum(dimensions, keepdim=True).view(shape)], rows) == ["sum"]


def test_a_sum_that_is_used_otherwise_keeps_its_dimensions():
    rows = torch.randn(5, 3)
    assert names_of(lambda x: [(s := x.sum([0], keepdim=True)).view(3), s * 2], rows) == ["sum", "view", "mul"]
    assert names_of(lambda x: [(s := x.sum([0], keepdim=True)).view(3), s], rows) == ["sum", "view"]
    assert names_of(lambda x: [x.sum([0], keepdim=True).view(3, 1)], rows) == ["sum", "view"]
    assert names_of(lambda x: [x.sum([1], keepdim=True).view(5, 1)], rows) == ["sum"]
    assert names_of(lambda x: [x.sum([0], keepdim=True).view(1)], rows[:, 0].contiguous()) == ["sum"]
    assert names_of(lambda x: [x.sum([0], keepdim=True).view(1)], rows[0, 0].clone()) == ["sum", "view"]
