"""A spec for images: in folders, a class a folder, or with their paths in a column of a table."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from hookline.errors import DataError, counted, enumerate_names
from hookline.spec import SpecDraft, as_toml
from hookline_data.draft.columns import Column
from hookline_data.draft.drafted import Drafted
from hookline_data.draft.groups import augmentation
from hookline_data.draft.inputs import quoted
from hookline_data.draft.lines import array_of_tables, comment, key_of, option
from hookline_data.draft.models import networks
from hookline_data.draft.models.model import batch_size, model
from hookline_data.draft.reading.data_files import DataFiles, in_spec
from hookline_data.draft.reading.source import TableFile
from hookline_data.draft.spec import left_out, target_lines, whole
from hookline_data.draft.splits import splits
from hookline_data.draft.summaries import column_of
from hookline_data.draft.task import Task
from hookline_data.files import several
from hookline_data.images.class_folders import class_folders, has_image, image_files, is_image

LOOKED_AT = 200
"""How many images to open."""

LARGEST = 128
"""The largest side of images that keep their size; larger ones are resized, so that training on a CPU takes minutes."""

LEAST_IMAGES = 3
"""The smallest number of images of a class: one each for training, validation and test."""


@frozen(kw_only=True)
class Pictures:
    """What the images of a data set have in common, as far as some of them tell."""

    mode: str
    """The channels, as in the option `mode`."""
    size: int | None
    """The size to which they are resized; `None` if all have the same, and it is small."""
    shape: tuple[int, int, int]
    """The shape that they then have: channels, height, width."""
    unreadable: int
    """How many cannot be read."""
    looked_at: int
    """How many were opened."""

    def options(self) -> Iterator[str]:
        """Yield the options of the source."""
        if self.mode != "RGB":
            yield f"mode = {as_toml(self.mode)}"
        if self.size is not None:
            yield f"size = {self.size} # height and width; larger ones take longer"
        if self.unreadable:
            yield "skip_unreadable = true # leaves out images that cannot be read, with a warning"

    def transforms(self) -> Iterator[str]:
        """Yield the transforms."""
        several = [*augmentation(self.shape), networks.layer("Normalize")]
        mirrored = " Remove RandomHorizontalFlip if left and right matter." if len(several) > 2 else ""
        yield from comment(f"Random transforms change training images only.{mirrored}")
        yield from array_of_tables("transforms", several)

    def notes(self) -> Iterator[str]:
        """Yield what the user should know."""
        if self.unreadable:
            yield f"{self.unreadable} of {counted(self.looked_at, 'image')} cannot be read and will be left out."


def pictures_of(paths: Sequence[Path]) -> Pictures:
    """Look at some images, evenly spaced.

    Raises:
        DataError: If none of them can be read.

    """
    from PIL import Image

    chosen = [paths[index * len(paths) // LOOKED_AT] for index in range(LOOKED_AT)] if len(paths) > LOOKED_AT else paths
    sizes, modes, unreadable = [], set(), 0
    for path in chosen:
        try:
            with Image.open(path) as image:
                sizes.append(image.size)
                modes.add(image.mode)
        except Exception:  # noqa: BLE001 - The decoders of Pillow raise errors of many types.
            unreadable += 1
    if not sizes:
        raise DataError("It is not an image that Pillow can read, nor are others.", file=chosen[0])
    mode = "L" if modes <= {"1", "L", "I;16", "I;16B", "LA"} else "RGB"
    width, height = sizes[0]
    size = None
    if len(set(sizes)) > 1 or max(width, height) > LARGEST:
        shorter = sorted(min(one) for one in sizes)[len(sizes) // 2]
        size = max(networks.SMALLEST, min(LARGEST, shorter // 8 * 8))
        width = height = size
    channels = 1 if mode == "L" else 3
    return Pictures(mode=mode, size=size, shape=(channels, height, width), unreadable=unreadable, looked_at=len(chosen))


def folder_draft(files: DataFiles, directory: Path, task: Task | None) -> SpecDraft:
    """Draft a spec for images in folders, a class a folder.

    Raises:
        DataError: If the folders are not classes, or if a class has too few images.

    """
    import pyarrow

    if task == "number":
        raise DataError("The names of the folders are classes, and numbers only in a table.", file=files.training)
    folder = files.training
    by_class = {name: list(image_files(folder / name)) for name in class_folders(folder)}
    empty = [name for name, images in by_class.items() if not images]
    if empty:
        what = "The class has" if len(empty) == 1 else "The classes have"
        raise DataError(f"{what} no images: {enumerate_names(empty)}. Remove or hide such folders.", file=folder)
    few = [name for name, images in by_class.items() if len(images) < LEAST_IMAGES]
    if few and len(files.paths) < len(("training", "validation", "test")):
        message = f"The class {quoted(few[0])} has {counted(len(by_class[few[0]]), 'image')}"
        raise DataError(f"{message}: training, validation and test need one each.", file=folder)
    pictures = pictures_of([image for images in by_class.values() for image in images])
    names = [name for name, images in by_class.items() for _ in images]
    target = evolve(column_of("class", 0, pyarrow.array(names)), kind="text", form={})
    draft = Drafted(columns=(target,), target=target, task="classes", left_out={}, network=_network(pictures, target))
    file = TableFile(
        files=files,
        type="ImageFolder",
        options={},
        columns=(target,),
        rows=len(names),
        is_sample=False,
        training=len(names),
        absent={},
    )
    data = [
        'type = "ImageFolder"',
        *option("path", in_spec(folder, directory)),
        *pictures.options(),
        *splits(draft, file, directory),
        f"batch_size = {batch_size(draft.rows)}",
        *pictures.transforms(),
    ]
    notes = (*files.notes, *pictures.notes(), *([draft.imbalance] if draft.imbalance else []))
    text = whole(draft, file, directory, data, model(draft))
    first = next(iter(by_class.values()))[0]
    return SpecDraft(text=text, summary=draft.sentence, notes=notes, new_rows=str(first))


def _network(pictures: Pictures, target: Column) -> Any:
    def network(outputs: int) -> list[networks.Layer]:
        return [*networks.image_features(pictures.shape, target.rows), networks.linear(outputs)]

    return network


def with_images(file: TableFile) -> tuple[TableFile, tuple[Path, ...], Path]:
    """Find a column with the paths of images that exist.

    Returns the table with this column marked, the images, none if there is no such column, and the folder that the
    paths are relative to.
    """
    table = several.of(file.path)[0].parent
    for column in file.columns:
        if column.kind != "text" or column.missing or not column.distinct:
            continue
        names = column.codes.dictionary.to_pylist()
        if not all(is_image(name.rpartition("/")[2]) for name in names):
            continue
        folders = [table, *(table / name for name in class_folders(table) if has_image(table / name))]
        folder = next((one for one in folders if (one / names[0]).is_file()), None)
        if folder is not None:
            marked = tuple(evolve(one, kind="image") if one is column else one for one in file.columns)
            return evolve(file, columns=marked), tuple(folder / name for name in names), folder
    return file, (), table


def image_table_draft(draft: Drafted) -> Drafted:
    """Return the draft for a table with the paths of images, which are the only input."""
    [images] = [column.name for column in draft.columns if column.kind == "image"]
    why = f"{as_toml(images)}, the image, is the input; others need a group of inputs of their own"
    others = {column.name: why for column in draft.given if column.name != images}
    return evolve(draft, left_out={**draft.left_out, **others})


def image_table_spec(
    draft: Drafted, file: TableFile, directory: Path, paths: Sequence[Path], folder: Path
) -> tuple[str, Pictures]:
    """Return the spec as TOML for a table with the paths of images, relative to a folder, and what they are."""
    name = as_toml(draft.inputs[0])
    pictures = pictures_of(paths)
    draft = evolve(draft, network=_network(pictures, draft.target))
    data = [
        'type = "Images"',
        f"image_column = {name}",
        *([] if folder == several.of(file.path)[0].parent else option("folder", in_spec(folder, directory))),
        *pictures.options(),
        f"batch_size = {batch_size(draft.rows)}",
        *pictures.transforms(),
        "",
        "[data.source]",
        f"type = {as_toml(file.type)}",
        *option("path", in_spec(file.path, directory)),
        *(line for key, value in file.options.items() for line in option(key, value)),
        *left_out(draft),
        f"inputs = {name}",
        *target_lines(draft),
        *(['missing_targets = "drop"'] if draft.target.missing else []),
        *splits(draft, file, directory),
        *_scaled_target(draft),
    ]
    return whole(draft, file, directory, data, model(draft)), pictures


def _scaled_target(draft: Drafted) -> Iterator[str]:
    if draft.task == "number":
        kind: Mapping[str, Any] = {"type": "StandardScaler", **draft.target.form}
        yield from ("", "[data.source.columns]")
        yield f"{key_of(draft.target.name)} = {as_toml(kind)} # the loss compares it with variance 1"
