"""The lines that read, split and transform a folder of images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.script import (
    BatchNames,
    Script,
    cannot_be_written,
    literal,
    refuse_inherited_lines,
    refuse_other_options,
)
from hookline_data.ejecting.batches import DOCUMENTED, IN_ORDER
from hookline_data.ejecting.read_file import path_in_script
from hookline_data.ejecting.splits import add_splits
from hookline_data.images.folder import image_files

if TYPE_CHECKING:
    from hookline.data import Data
    from hookline.spec import Objective
    from hookline_data.image_folder import ImageFolder

OPTIONS = {
    *("path", "mode", "size", "resize", "interpolation", "upright", "cache", "validation", "test", "stratify"),
    *("split_seed", "folds", "fold", "transforms", "batch_size", "shuffle", "drop_last"),
}
"""The options that are written as lines, or have none because they change nothing that is trained."""

WIDTH = 120
"""The largest number of characters of a line."""

UNIFORM = '''
def uniform(epoch, which, first, rows, numbers):
    """Return uniform random numbers `(rows, numbers)`, which depend on the position of a row in the epoch only."""
    key = np.random.SeedSequence((SEED, epoch, 2, 0, which)).generate_state(2, np.uint64)
    counters = -(-numbers // 4)
    generator = np.random.Generator(np.random.Philox(key=key, counter=first * counters))
    return generator.random((rows, 4 * counters))[:, :numbers]
'''

STATISTICS = """
# The mean and the standard deviation of each channel of the training images, from exact sums.
known = pixels[splits["training"]].numpy().astype(np.int64).swapaxes(0, 1).reshape(pixels.shape[1], -1)
count, totals, squares = known.shape[1], known.sum(axis=1).tolist(), (known**2).sum(axis=1).tolist()
means = [total / (255 * count) for total in totals]
stds = [(count * square - total**2) ** 0.5 / (255 * count) for total, square in zip(totals, squares, strict=True)]
"""


def eject_folder(source: "ImageFolder", script: Script, data: "Data", objective: "Objective") -> BatchNames:
    """Add the lines of a folder of images, and return the names of a batch."""
    refuse_other_options(source, OPTIONS)
    for option in ("validation", "test"):
        if isinstance(getattr(source, option), Path):
            raise cannot_be_written("Folders of their own for splits have no lines.", (option,))
    script.use("import numpy as np", "from pathlib import Path", "from PIL import Image")
    suffixes = sorted({file.suffix for file in image_files(source.path)})
    condition = f"== {literal(suffixes[0])}" if len(suffixes) == 1 else f"in {literal(tuple(suffixes))}"
    folder = f"Path({literal(path_in_script(source.path))})"
    script.add("read", f'paths = sorted(path for path in {folder}.glob("*/*") if path.suffix {condition})')
    script.add("read", "labels = np.array([path.parent.name for path in paths])", apart=False)
    made = f"torch.from_numpy(np.stack([{script.define(_reader(source, script))}(path) for path in paths]))"
    script.add("read", f"pixels = {script.moved(made)}", apart=False)
    add_splits(script, source._table(), "len(paths)", lambda _: "labels", "class")
    [name] = data.targets
    [encoding] = objective.encodings([name]).values()
    expression = encoding.eject(script, {"class": "labels"}, data.target, 'splits["training"]')
    script.add("prepare", f"targets = {script.moved(expression)}", apart=False)
    _add_batches(source, script, data)
    [group] = data.example.inputs
    return BatchNames(inputs={group: "x"}, targets={name: "y"})


def _reader(source: "ImageFolder", script: Script) -> str:
    """Return the function that reads an image."""
    form = source.image_format
    lines = ["with Image.open(path) as image:"]
    if form.upright:
        script.use("from PIL import ImageOps")
    opened = "ImageOps.exif_transpose(image)" if form.upright else "image"
    if form.size is None:
        lines.append(f'    cells = np.array({opened}.convert("{form.mode}"))')
    else:
        size = literal(form.size[::-1])
        method = f"Image.Resampling.{form.interpolation.upper()}"
        script.use("from PIL import ImageOps")
        converted = f'{opened}.convert("{form.mode}")'
        resized = {
            "crop": f"ImageOps.fit(converted, {size}, method={method})",
            "pad": f"ImageOps.pad(converted, {size}, method={method})",
            "stretch": f"converted.resize({size}, {method})",
        }[form.resize]
        lines += [f"    converted = {converted}", f"    cells = np.array({resized})"]
    lines.append("return cells[None]" if form.channels == 1 else "return cells.transpose(2, 0, 1)")
    body = "\n".join(f"    {line}" for line in lines)
    return f'def read(path):\n    """Return the pixels of an image, uint8 `(channels, height, width)`."""\n{body}'


def _add_batches(source: "ImageFolder", script: Script, data: "Data") -> None:
    """Add the function that yields transformed images."""
    script.constants["BATCH_SIZE"] = source.batch_size
    in_training, in_evaluation = [], []
    shape: tuple[int, ...] = _shape_before(source, data)
    for index, transform in enumerate(source.transforms):
        refuse_inherited_lines(transform)
        if transform.needs_statistics:
            script.add("prepare", STATISTICS)
        numbers = transform.numbers(shape)
        drawn = f"uniform(epoch, {index}, start, len(batch), {numbers})" if numbers else None
        if numbers:
            script.define(UNIFORM)
        in_training.append(f"images = {transform.eject(script, 'images', drawn)}")
        in_evaluation.append(f"images = {transform.eject(script, 'images', None)}")
        shape = transform.shape_after(shape)
    lines = ["rows = splits[split]"]
    if source.shuffle:
        lines += ["if epoch is not None:", "    rows = np.random.default_rng((SEED, epoch)).permutation(rows)"]
    if source.drop_last:
        lines += ["if epoch is not None:", "    rows = rows[: len(rows) // BATCH_SIZE * BATCH_SIZE]"]
    lines += [
        "for start in range(0, len(rows), BATCH_SIZE):",
        "    batch = rows[start : start + BATCH_SIZE]",
        f"    images = pixels[batch].to(torch.{script.dtype}) / 255",
        *(f"    {line}" for line in _transformed(in_training, in_evaluation)),
        "    yield images, targets[batch]",
    ]
    documented = DOCUMENTED if source.shuffle else IN_ORDER
    text = ["def batches(split, epoch=None):", f"    {documented}", *(f"    {line}" for line in lines)]
    script.add("batches", "\n".join(text))


def _transformed(in_training: Sequence[str], in_evaluation: Sequence[str]) -> list[str]:
    """Return the lines of all transforms, in which only those that differ in training have a condition."""
    lines = []
    for one, other in zip(in_training, in_evaluation, strict=True):
        if one == other:
            lines.append(one)
        elif other == "images = images":
            lines += ["if epoch is not None:", f"    {one}"]
        elif len(line := f"{other} if epoch is None else {one.removeprefix('images = ')}") <= WIDTH - 8:
            lines.append(line)
        else:
            lines += ["if epoch is None:", f"    {other}", "else:", f"    {one}"]
    return lines


def _shape_before(source: "ImageFolder", data: "Data") -> tuple[int, ...]:
    """Return the shape of an image before the transforms."""
    form = source.image_format
    if form.size is not None:
        return (form.channels, *form.size)
    [prepared] = data.preparation.values()
    known: Any = prepared.get("shape") or next(iter(data.example.inputs.values())).shape[1:]
    return tuple(known)
