"""Mean 0 and variance 1 in the training split: the statistics, and what is changed by them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hookline_data.rows import Group

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 32 * 2**20
"""How many bytes of float64 there are at once while statistics are computed."""


def standardize(splits: Mapping[str, Sequence[Group]]) -> dict[str, list[float]]:
    """Change groups of inputs in place, all of them by the same statistics of the training split, which are returned.

    Statistics are those of each column over the rows of all the groups; steps that are padding do not count, and stay
    0. They are computed in float64 and used as float32, as they are deployed. A column that is constant in training is
    only moved to 0.
    """
    import torch

    mean, std = _statistics([torch.from_numpy(group.steps()) for group in splits["training"]])
    std = torch.where(std == 0, 1.0, std).float()
    mean = mean.float()
    for groups in splits.values():
        for group in groups:
            torch.from_numpy(group.values).sub_(mean).div_(std)
            if group.lengths is not None:
                group.values[group.is_padding()] = 0
    return {"mean": mean.tolist(), "std": std.tolist()}


def _statistics(groups: "Sequence[Tensor]") -> "tuple[Tensor, Tensor]":
    """Mean and standard deviation of each column, over the rows of all groups: a block of columns after the other."""
    import torch

    size = max(1, BLOCK // (8 * sum(len(rows) for rows in groups)))
    blocks = [
        torch.std_mean(torch.cat([rows[:, first : first + size].double() for rows in groups]), dim=0, correction=0)
        for first in range(0, groups[0].shape[1], size)
    ]
    stds, means = zip(*blocks, strict=True)
    return torch.cat(means), torch.cat(stds)
