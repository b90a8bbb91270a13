"""Groups of inputs with several numbers per row: what they are, and what the source and the model do with them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from attrs import frozen

from hookline_data.draft.columns import Column
from hookline_data.draft.models import networks
from hookline_data.draft.models.networks import Layer, layer

Role = Literal["image", "sequence", "tokens", "vector", "columns", "other"]

CHANNELS = (1, 3, 4)
"""Usual numbers of channels of images."""

FLIPPED = 16
"""The smallest side of colored images that are mirrored at random; smaller ones are rarely photographs."""

_IMAGES = re.compile(r"imag|img|pixel|pic|photo|scene|scan", re.IGNORECASE)
_TOKENS = re.compile(r"token|word|text|sentence|input_ids|vocab", re.IGNORECASE)


@frozen(kw_only=True)
class Group:
    """A group of inputs."""

    name: str
    """Its name."""
    columns: tuple[Column, ...]
    """A column of lists, an array, or all columns of numbers."""
    role: Role
    """What it is."""
    is_table: bool
    """Whether it is in a table, whose option `shape` gives lists a shape; arrays have the shape that they have."""
    lengths: str | None = None
    """The array with the lengths of padded sequences."""

    @property
    def column(self) -> Column:
        """The column of lists, or the array."""
        return self.columns[0]

    @property
    def is_padded(self) -> bool:
        """Whether the rows have different lengths."""
        return self.column.is_ragged or self.lengths is not None

    @property
    def _is_channels_last(self) -> bool:
        shape = self.column.shape
        return len(shape) == 3 and shape[2] in CHANNELS and shape[0] not in CHANNELS

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape `(channels, height, width)` of an image, as convolutions take it."""
        shape = self.column.shape
        if len(shape) == 2:
            return (1, *shape)
        return (shape[2], *shape[:2]) if self._is_channels_last else shape

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The option `shape` of the source; `None` if it needs none."""
        if not self.is_table or self.role == "columns" or self.is_padded or len(self.column.shape) == 1:
            return None
        return self.image_shape if self.role == "image" and not self._is_channels_last else self.column.shape

    @property
    def takes_transforms(self) -> bool:
        """Whether the rows of the source have the shape `(channels, height, width)`."""
        shape = self.shape if self.is_table else self.column.shape
        return self.role == "image" and shape is not None and len(shape) == 3 and not self._is_channels_last

    @property
    def is_standardized(self) -> bool:
        """Whether the source scales the numbers: those that are not indices, unless transforms do it."""
        return self.role not in ("tokens", "columns") and not self.takes_transforms

    def prepared(self) -> list[Layer]:
        """Return the layers that bring a row to the shape that the next ones take."""
        shape = self.column.shape
        if self.role == "image" and self._is_channels_last:
            return [layer("Transpose", dim0=1, dim1=3), layer("Transpose", dim0=2, dim1=3)]
        if self.role == "image" and not self.takes_transforms:
            return [layer("Unflatten", dim=1, unflattened_size=[1, shape[0]])]
        if self.role == "sequence" and len(shape) == 1:
            return [layer("Unflatten", dim=1, unflattened_size=[-1, 1])]
        return []

    def features(self, rows: int) -> list[Layer]:
        """Return layers from a row to a vector."""
        if self.role == "image":
            return [*self.prepared(), *networks.image_features(self.image_shape, rows)]
        if self.role == "sequence":
            return [*self.prepared(), *networks.sequence_features()]
        if self.role == "tokens":
            return networks.bag(int(self.column.high) + 1, is_padded=self.column.is_padded and not self.is_padded)
        return [layer("Flatten")] if self.role == "other" else []

    def transforms(self, *, is_dense: bool) -> Iterator[Layer]:
        """Yield the transforms of images; the targets of dense ones would not move with them."""
        if not self.takes_transforms:
            return
        if not is_dense:
            yield from augmentation(self.image_shape)
        yield layer("Normalize")


def augmentation(shape: tuple[int, ...]) -> Iterator[Layer]:
    """Yield the random transforms of training images `(channels, height, width)`."""
    channels, height, width = shape
    if channels >= 3 and min(height, width) >= FLIPPED:
        yield layer("RandomHorizontalFlip")
    size: Any = height if height == width else [height, width]
    yield layer("RandomCrop", size=size, padding=max(1, min(height, width) // 8))


def role_of(column: Column, *, has_lengths: bool, target: Column) -> Role:
    """Return what a column of lists, or an array, is."""
    shape = column.shape
    is_of_indices = column.is_whole and column.low >= 0
    if column.is_ragged or has_lengths:
        if len(shape) == 1:
            return "tokens" if is_of_indices else "sequence"
        return "sequence" if len(shape) == 2 else "other"
    if len(shape) == 1:
        return "tokens" if is_of_indices and (column.is_padded or _TOKENS.search(column.name)) else "vector"
    if len(shape) == 2:
        has_steps = target.shape == shape[:1]
        is_image = _IMAGES.search(column.name) or (shape[0] == shape[1] and not has_steps) or target.shape == shape
        return "image" if is_image and min(shape) >= 2 else "sequence"
    return "image" if len(shape) == 3 and min(sorted(shape)[1:]) >= 2 else "other"


def groups_of(given: Sequence[Column], target: Column, lengths: dict[str, str], *, is_table: bool) -> list[Group]:
    """Return the groups of inputs: each column of lists, and all other columns together."""
    scalars = tuple(column for column in given if column.is_scalar)
    groups = []
    taken = {column.name for column in given if not column.is_scalar}
    if scalars:
        name = next(name for name in ("numbers", "columns", "table", "others_") if name not in taken)
        groups.append(Group(name=name, columns=scalars, role="columns", is_table=is_table))
    for column in given:
        if not column.is_scalar:
            own = lengths.get(column.name)
            role = role_of(column, has_lengths=own is not None, target=target)
            groups.append(Group(name=column.name, columns=(column,), role=role, is_table=is_table, lengths=own))
    return groups
