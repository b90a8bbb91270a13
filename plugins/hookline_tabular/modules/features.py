"""Join the inputs of a model for tables into one vector for each row."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def joined(inputs: Sequence[Tensor], places: Sequence[int]) -> Tensor | None:
    """Return the inputs at these positions as one, without a copy if there is only one; `None` if there is none."""
    if len(places) == 1:
        return inputs[places[0]]
    return torch.cat([inputs[place] for place in places], dim=1) if places else None


class OneHot(nn.Module):
    """The one-hot encodings of all columns, next to each other: `(N, columns)` to `(N, sum of the cardinalities)`.

    An index that a column does not have becomes zeros.
    """

    column: Tensor
    category: Tensor

    def __init__(self, cardinalities: Sequence[int]):
        super().__init__()
        columns = torch.arange(len(cardinalities)).repeat_interleave(torch.tensor(cardinalities))
        categories = torch.cat([torch.arange(cardinality) for cardinality in cardinalities])
        self.register_buffer("column", columns, persistent=False)
        self.register_buffer("category", categories, persistent=False)
        self.dtype = torch.get_default_dtype()

    def forward(self, x: Tensor) -> Tensor:
        """Return zeros and ones of the default type."""
        return (x[:, self.column] == self.category).to(self.dtype)


class FlatFeatures(nn.Module):
    """The base of modules that take numbers or their embeddings, and one-hot encoded categories, as one vector."""

    def __init__(
        self,
        numbers: Sequence[int],
        categories: Sequence[int],
        num_module: nn.Module | None,
        cardinalities: Sequence[int],
    ):
        super().__init__()
        self.numbers, self.categories = tuple(numbers), tuple(categories)
        self.num_module = num_module
        self.cat_module = OneHot(cardinalities) if cardinalities else None

    def features(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return `(N, features)`."""
        parts = []
        x_num, x_cat = joined(inputs, self.numbers), joined(inputs, self.categories)
        if x_num is not None:
            parts.append(x_num if self.num_module is None else self.num_module(x_num).flatten(1))
        if x_cat is not None and self.cat_module is not None:
            parts.append(self.cat_module(x_cat))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
