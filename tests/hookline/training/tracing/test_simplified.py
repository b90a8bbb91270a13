"""A simplified graph returns the same bits as the operations that were recorded, with fewer of them."""

import pytest
import torch

from hookline.training.tracing.graphs.builder import GraphBuilder
from hookline.training.tracing.graphs.recording import with_recording
from hookline.training.tracing.graphs.running.in_python import in_python
from hookline.training.tracing.graphs.simplified import simplified

ROWS = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0))

SUMS = {
    "one dimension is left": (lambda x: x.sum([0, 2], keepdim=True).view(3), ["sum"]),
    "counted from the end": (lambda x: x.sum([-1, 0], keepdim=True).view(3), ["sum"]),
    "nothing is left": (lambda x: x.sum([0, 1, 2], keepdim=True).view(()), ["sum"]),
    "two dimensions are left": (lambda x: x.sum([0], keepdim=True).view(3, 4), ["sum", "view"]),
    "another shape": (lambda x: x.sum([0, 2], keepdim=True).view(3, 1), ["sum", "view"]),
    "used twice": (lambda x: (total := x.sum([0, 2], keepdim=True)).view(3) + total.mean(), ["sum", "view"]),
    "without kept dimensions": (lambda x: x.sum([0, 2]).view(3, 1), ["sum", "view"]),
}


@pytest.mark.parametrize("case", SUMS)
def test_a_sum_leaves_out_its_dimensions_where_a_view_would(case):
    function, expected = SUMS[case]
    result, operations = with_recording(lambda: function(ROWS))
    builder = GraphBuilder([ROWS])
    for operation in operations:
        builder.add(operation)
    graph, constants = simplified(builder.graph([result]), builder.memory)
    assert constants == {}
    assert [call.schema.name for call in graph.calls][: len(expected)] == expected
    [again] = in_python(graph)(ROWS)
    assert again.stride() == result.stride()
    assert torch.equal(again.view(torch.int32), result.view(torch.int32))
