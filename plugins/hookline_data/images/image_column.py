"""A column with the paths of images: it becomes their indices in a store, and every path is decoded once."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import fields

from hookline.data import RowField
from hookline.spec import ColumnSpec, UnfitCells, spec
from hookline_data.images.encoded import EncodedImage
from hookline_data.images.image_format import ImageFile, ImageFormat
from hookline_data.images.store import ImageReader, ImageStore
from hookline_data.rows.named_columns import NamedColumns
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.reading.columns import Wanted

AnyTable = TypeVar("AnyTable", bound=NamedColumns)

Report = Callable[[Path, Mapping[int, str], Sequence[str]], None]
"""Called with a table, its images that cannot be read, by row, and the cells of all rows. It may raise an error."""


class TrainingImages:
    """The images of the files of a source, in the order in which the files are read."""

    def __init__(self, reader: ImageReader, report: Report, folder_of: Callable[[Path], Path], *, skips: bool):
        """Take the reader, what to do about images that cannot be read, and the folder that paths are relative to."""
        self._reader, self._report, self._folder_of, self.skips = reader, report, folder_of, skips
        self._indices: dict[str, int] = {}
        self._given: dict[str, str] = {}

    def column(self) -> ColumnSpec:
        """Return the kind of the column, which replaces paths by the indices of the images."""
        return _kind(self._transform, None, drops=self.skips)

    def store(self) -> ImageStore:
        """Return the images."""
        return self._reader.store()

    def index(self, name: str) -> int:
        """Return the index of the image with this full path."""
        return self._indices[name]

    def checked(self, table: "pyarrow.Table", path: Path, column: str) -> "pyarrow.Table":
        """Decode the images of a file, and return the table with the full path of each; null for one to skip."""
        import pyarrow

        cells = table.column(column).to_pylist()
        folder = self._folder_of(path)
        full = [None if cell is None else str(folder / cell) for cell in cells]
        self._given |= {name: cell for name, cell in zip(full, cells, strict=True) if name is not None}
        new = [name for name in dict.fromkeys(full) if name is not None and name not in self._indices]
        first = len(self._reader)
        wrong = {new[index]: message for index, message in self._reader.add([Path(name) for name in new]).items()}
        self._indices |= {name: first + index for index, name in enumerate(new)}
        if rows := {row: wrong[name] for row, name in enumerate(full) if name in wrong}:
            self._report(path, rows, cells)
        array = pyarrow.array([None if name in wrong else name for name in full], pyarrow.string())
        return table.set_column(table.column_names.index(column), column, pyarrow.chunked_array([array]))

    def as_given(self, paths: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
        """Return the paths as the file has them, given full paths."""
        import pyarrow

        given = (None if name is None else self._given[name] for name in paths.to_pylist())
        return pyarrow.chunked_array([pyarrow.array(given, pyarrow.string())])

    def _transform(self, cells: "pyarrow.Array") -> "pyarrow.Array":
        import pyarrow

        return pyarrow.array([self._indices[name] for name in cells.to_pylist()], pyarrow.int64())


class NewImages:
    """The images of new rows: those of the latest rows that were transformed."""

    def __init__(
        self, image_format: ImageFormat, memory: float, shape: tuple[int, ...], folders: Sequence[Path] | None
    ):
        """Take what images are converted to, the memory for them, their shape, and where to look for files.

        Without folders, the cells are the files themselves, in base64.
        """
        self._format, self._memory, self._shape, self._folders = image_format, memory, shape, folders
        self.store: ImageStore | None = None
        """The latest images."""

    def column(self) -> ColumnSpec:
        """Return the kind of the column."""
        return _kind(self._transform, self._unfit, drops=False)

    def _unfit(self, cells: "pyarrow.Array") -> UnfitCells | None:
        import numpy

        names = cells.to_pylist()
        reader = ImageReader(self._format, self._memory, self._shape)
        wrong = reader.add([self._file(name) for name in names])
        self.store = reader.store()
        is_unfit = numpy.zeros(len(names), dtype=bool)
        is_unfit[list(wrong)] = True
        if self._folders is None:
            return UnfitCells(is_unfit, wrong.__getitem__) if wrong else None
        return UnfitCells(is_unfit, lambda row: f'"{names[row]}": {wrong[row]}') if wrong else None

    def _transform(self, cells: "pyarrow.Array") -> "pyarrow.Array":
        import pyarrow

        return pyarrow.array(range(len(cells)), pyarrow.int64())

    def _file(self, name: str) -> ImageFile:
        if self._folders is None:
            return EncodedImage(name)
        places = [folder / name for folder in self._folders]
        return next((place for place in places if place.is_file()), places[0])


def path_column() -> ColumnSpec:
    """Return the kind of a column whose images are not read, to check a spec."""
    return _kind(lambda cells: cells, None, drops=False)


def _kind(
    transform: "Callable[[pyarrow.Array], pyarrow.Array]",
    unfit: "Callable[[pyarrow.Array], UnfitCells | None] | None",
    *,
    drops: bool,
) -> ColumnSpec:
    class ImagePath(ColumnSpec):
        """The path of an image, which becomes the index of the image."""

        gives_indices = True
        reads = "text"
        drops_missing = drops

        def row_field(self, column: str, fitted: Mapping[str, Any]) -> RowField:
            return RowField(name=column, cell="image")

        def unfit(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> UnfitCells | None:
            return None if unfit is None else unfit(cells)

        def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
            return transform(cells)

    return cast("ColumnSpec", spec(ImagePath)())


def reading_images(table: Table, column: str, images: TrainingImages, **options: Any) -> Table:
    """Return the table with other options, in which the images of a column are decoded when a file is read."""
    kind: Any = type(table)

    class Reading(kind):  # type: ignore[misc]
        @property
        def always_kept(self) -> tuple[str, ...]:
            return (column, *super().always_kept)

        def as_kept(self, name: str, cells: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
            return images.as_given(cells) if name == column else super().as_kept(name, cells)

        def read(self, path: Path, wanted: "Mapping[str, Wanted]") -> "pyarrow.Table":
            return images.checked(super().read(path, wanted), path, column)

    Reading.__name__ = kind.__name__
    return with_column(table, column, images.column(), spec(Reading), **options)


def with_column(table: AnyTable, column: str, kind: ColumnSpec, made: Any = None, **options: Any) -> AnyTable:
    """Return the table with other options and another kind of a column, as an instance of `made`."""
    given = {one.name: getattr(table, one.name) for one in fields(type(table))}
    given |= {"columns": {**(table.columns or {}), column: kind}, **options}
    return cast("AnyTable", (made or type(table))(**given))
