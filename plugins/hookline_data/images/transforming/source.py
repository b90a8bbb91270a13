"""The option `transforms`, for all sources whose rows can be images."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline import Run
from hookline.data import Data
from hookline.errors import OptionError
from hookline.spec import DataSpec, TransformSpec, spec

if TYPE_CHECKING:
    from hookline.data import DataDescription, RowBlock


@spec
class TransformedSource(DataSpec):
    """A source whose rows can be images."""

    transforms: tuple[TransformSpec, ...] = ()
    """Transforms of images, in this order, such as `[{ type = "RandomHorizontalFlip" }, { type = "Normalize" }]`.
    Random ones change training rows only, differently in each epoch. They apply to all groups of inputs whose rows have
    the `shape` [channels, height, width]."""

    def transformed(self, run: Run, data: Data) -> Data:
        """Return data whose batches are transformed.

        Raises:
            MismatchError: If the rows are not images, or if a transform does not take them.

        """
        if not self.transforms:
            return data
        from hookline_data.images.transforming.batches import transformed_data  # Checking a spec does not need it.

        return transformed_data(data, self.transforms, run, self.batch_size)

    def original(self, description: "DataDescription") -> "DataDescription":
        """Return the description of the data as it is before the transforms."""
        if not self.transforms:
            return description
        from hookline_data.images.transforming.new_rows import original_description

        return original_description(description)

    def transformed_blocks(self, blocks: "Iterator[RowBlock]", description: "DataDescription") -> "Iterator[RowBlock]":
        """Return new rows transformed as validation rows are; `description` is that of the transformed data."""
        if not self.transforms:
            return blocks
        from hookline_data.images.transforming.new_rows import transformed_blocks

        return transformed_blocks(blocks, self.transforms, description)

    def unfit_transforms(self, shape: tuple[int, ...]) -> Iterator[OptionError]:
        """Report the first transform that does not take images of this shape, as far as options can tell."""
        for index, transform in enumerate(self.transforms):
            try:
                shape = transform.shape_after(shape)
            except ValueError as error:
                yield OptionError("transforms", str(error), index)
                return
