import math

import pytest
import torch

from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.snapshot import Snapshot, difference

BITS = torch.tensor([0x7FC00000, 0x7FC00001], dtype=torch.int32).view(torch.float32)
"""Two NaNs with different bits."""


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        (torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0]), True),
        (torch.tensor([0.0, 1.0]), torch.tensor([-0.0, 1.0]), False),
        (torch.tensor([math.nan, 0.0]), torch.tensor([math.nan, -0.0]), False),
        (torch.tensor([math.nan, 1.0]), torch.tensor([math.nan, 1.0]), True),
        (BITS[:1], BITS[1:], True),
        (torch.tensor([math.nan, 1.0]), torch.tensor([1.0, math.nan]), False),
        (torch.tensor([0.0j]), torch.tensor([complex(0.0, -0.0)]), False),
        (torch.tensor([1, 2]), torch.tensor([1, 3]), False),
        (torch.ones(2, 3), torch.ones(3, 2).t(), False),
        (torch.ones(2), torch.ones(2, dtype=torch.float64), False),
        (torch.ones(3, 2).t(), torch.ones(3, 2).t(), True),
        (None, None, True),
        (torch.ones(1), None, False),
    ],
)
def test_every_bit_is_compared_except_those_of_nans(one, other, are_equal):
    assert difference({"a": [one]}, {"a": [other]}) == ("" if are_equal else "a")


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.complex64, torch.int64, torch.bool]
)
def test_what_is_kept_is_restored_also_in_other_memory(dtype):
    tensor = torch.tensor([[0.0, -0.0, 2.0], [3.0, 4.0, 5.0]]).to(dtype).T
    parameter = torch.nn.Parameter(tensor, requires_grad=False)
    snapshot = Snapshot([parameter])
    for _ in range(2):
        parameter.data = (parameter + parameter).to(dtype)
        expected = parameter.clone()
        snapshot.keep()
        parameter.zero_()
        snapshot.restore()
        assert difference({"": [parameter]}, {"": [expected]}) == ""


def test_the_counts_of_changes_are_restored():
    tensor = torch.ones(3).mul_(2)
    snapshot = Snapshot([tensor])
    tensor.add_(1).add_(1)
    snapshot.restore()
    assert (tensor.tolist(), tensor._version) == ([2.0] * 3, 1)


def test_a_view_that_negates_is_not_copied():
    with pytest.raises(Untraceable, match=r"negates"):
        Snapshot([torch.tensor([1j]).conj()])


def test_a_tensor_without_a_count_of_changes_is_not_copied():
    with torch.inference_mode():
        tensor = torch.ones(1)
    with pytest.raises(Untraceable, match=r"inference mode"):
        Snapshot([tensor])
