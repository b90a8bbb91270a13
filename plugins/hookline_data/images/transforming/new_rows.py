"""Images of new rows, transformed as those of validation rows."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve

from hookline.data import Batch, DataDescription, RowBlock
from hookline.spec import TransformSpec

SHAPE, TRANSFORMS = "image_shape", "transforms"
"""The keys in the preparation of a group: the shape before the transforms, and their options."""


def original_description(description: DataDescription) -> DataDescription:
    """Return the description of the data as it is before the transforms."""
    return evolve(
        description,
        inputs={
            name: evolve(group, shape=tuple(description.preparation.get(name, {}).get(SHAPE, group.shape)))
            for name, group in description.inputs.items()
        },
    )


def transformed_blocks(
    blocks: Iterator[RowBlock], transforms: Sequence[TransformSpec], description: DataDescription
) -> Iterator[RowBlock]:
    """Yield new rows transformed as validation rows are."""
    for block in blocks:
        yield (
            block
            if block.batch is None
            else evolve(block, batch=transformed_evaluated(block.batch, transforms, description))
        )


def transformed_evaluated(batch: Batch, transforms: Sequence[TransformSpec], description: DataDescription) -> Batch:
    """Return a batch transformed as validation rows are; `description` is that of the transformed data."""
    complete = {
        name: [
            transform.with_statistics(options["mean"], options["std"]) if transform.needs_statistics else transform
            for transform, options in zip(transforms, prepared[TRANSFORMS], strict=True)
        ]
        for name, prepared in description.preparation.items()
        if TRANSFORMS in prepared
    }
    return evaluated(batch, complete)


def evaluated(batch: Batch, transforms: Mapping[str, Sequence[TransformSpec]]) -> Batch:
    """Transform the images of a batch as validation images; a source of single rows has only some of the groups."""
    inputs = dict(batch.inputs)
    for name in transforms.keys() & inputs.keys():
        for transform in transforms[name]:
            inputs[name] = transform.transform_evaluated(inputs[name])
    return evolve(batch, inputs=inputs)
