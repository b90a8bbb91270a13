"""The lines that transform images."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.script import Script, cannot_be_written, refuse_inherited_lines
from hookline_data.images.transforming.new_rows import SHAPE

if TYPE_CHECKING:
    from hookline.data import Data
    from hookline.spec import TransformSpec

WIDTH = 120
"""The largest number of characters of a line."""

UNIFORM = '''
def uniform(epoch, which, first, rows, numbers):
    """Return uniform random numbers `(rows, numbers)`, which depend on the position of a row in the epoch only."""
    key = np.random.SeedSequence((SEED, epoch, 2, *which)).generate_state(2, np.uint64)
    counters = -(-numbers // 4)
    generator = np.random.Generator(np.random.Philox(key=key, counter=first * counters))
    return generator.random((rows, 4 * counters))[:, :numbers]
'''

STATISTICS = """
# The mean and the standard deviation of each channel of the training images.
known = TENSOR[splits["training"]].numpy().astype(np.float64).swapaxes(0, 1).reshape(CHANNELS, -1)
channel_means, channel_stds = known.mean(axis=1).tolist(), known.std(axis=1).tolist()
"""

STATISTICS_OF_PIXELS = """
# The mean and the standard deviation of each channel of the training images, from exact sums.
known = TENSOR[splits["training"]].numpy().astype(np.int64).swapaxes(0, 1).reshape(CHANNELS, -1)
count, totals, squares = known.shape[1], known.sum(axis=1).tolist(), (known**2).sum(axis=1).tolist()
channel_means = [total / (255 * count) for total in totals]
channel_stds = [
    (count * square - total**2) ** 0.5 / (255 * count) for total, square in zip(totals, squares, strict=True)
]
"""


class TransformLines:
    """Writes the lines that transform the images of a batch, which a function `batches` has."""

    def __init__(self, source: Any, script: Script, data: "Data", pixels: str | None = None):
        """Take the source, and the data that it returned. `pixels` is a group of images of 8 bits."""
        self.source, self.script, self.data, self.pixels = source, script, data, pixels
        transformed = [name for name in data.example.inputs if SHAPE in data.preparation.get(name, {})]
        self.transformed = transformed if getattr(source, "transforms", ()) else []
        """The groups of inputs that are transformed, in the order in which their random numbers are drawn."""

    @property
    def images(self) -> list[str]:
        """The groups of inputs that need lines of their own."""
        return self.transformed if self.pixels is None else list(dict.fromkeys([self.pixels, *self.transformed]))

    def of_inputs(self, tensors: Mapping[str, str], names: Mapping[str, str]) -> list[str]:
        """Add the statistics, and return the lines that make the images of a batch.

        Args:
            tensors: the variables of the tensors of all rows, by group of inputs.
            names: the variables of those of a batch.

        """
        lines = []
        for name in self.images:
            taken = f"{tensors[name]}[batch]"
            if name == self.pixels:
                taken = f"{taken}.to(torch.{self.script.dtype}) / 255"
            lines.append(f"{names[name]} = {taken}")
            if name in self.transformed:
                lines += self._transformed(self.transformed.index(name), name, tensors[name], names[name])
        return lines

    def _transformed(self, group: int, name: str, tensor: str, images: str) -> list[str]:
        script, in_training, in_evaluation = self.script, [], []
        shape = tuple(self.data.preparation[name][SHAPE])
        transforms: Sequence[TransformSpec] = self.source.transforms
        for index, transform in enumerate(transforms):
            refuse_inherited_lines(transform)
            if transform.needs_statistics:
                if group:
                    raise cannot_be_written("Statistics of several groups of images have no lines.", ("transforms",))
                statistics = STATISTICS_OF_PIXELS if name == self.pixels else STATISTICS
                channels = self.data.preparation[name][SHAPE][0]
                script.add("prepare", statistics.replace("TENSOR", tensor).replace("CHANNELS", str(channels)))
            numbers = transform.numbers(shape)
            drawn = None
            if numbers:
                script.use("import numpy as np")
                drawn = f"{script.define(UNIFORM)}(epoch, ({group}, {index}), start, len(batch), {numbers})"
            in_training.append(f"{images} = {transform.eject(script, images, drawn)}")
            in_evaluation.append(f"{images} = {transform.eject(script, images, None)}")
            shape = transform.shape_after(shape)
        return _conditional(images, in_training, in_evaluation)


def _conditional(images: str, in_training: Sequence[str], in_evaluation: Sequence[str]) -> list[str]:
    """Return the lines of all transforms, in which only those that differ in training have a condition."""
    lines = []
    for one, other in zip(in_training, in_evaluation, strict=True):
        if one == other:
            lines.append(one)
        elif other == f"{images} = {images}":
            lines += ["if epoch is not None:", f"    {one}"]
        elif len(line := f"{other} if epoch is None else {one.removeprefix(f'{images} = ')}") <= WIDTH - 8:
            lines.append(line)
        else:
            lines += ["if epoch is None:", f"    {other}", "else:", f"    {one}"]
    return lines
