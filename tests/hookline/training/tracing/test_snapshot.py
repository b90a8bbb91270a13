import math

import pytest
import torch

from hookline.training.tracing.snapshot import difference

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
