"""A table with the paths of images as a data source."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import fields

from hookline import Run
from hookline.data import Data
from hookline.errors import DataError, MismatchError, OptionError, did_you_mean, enumerate_names
from hookline.spec import DataSpec, Objective, RawInputs, spec, to_json
from hookline_data.images.image_source import ImageSource
from hookline_data.images.transforming.source import TransformedSource
from hookline_data.layout import checks
from hookline_data.rows.inner_source import WithInnerSource
from hookline_data.rows.named_columns import NamedColumns
from hookline_data.table import Table

if TYPE_CHECKING:
    from hookline.data import DataDescription, RowBlock, RowField
    from hookline.script import BatchNames, Script


@spec
class Images(WithInnerSource, ImageSource):
    """Images whose paths are in a column of a table, with any targets and other inputs of this table.

    The column is an input of the table, in a group of its own: `source = { type = "CSV", path = "labels.csv", inputs =
    "file", targets = "breed" }`, or with other inputs `inputs = { image = "file", numbers = ["age", "weight"] }`.
    """

    source: DataSpec
    """The table, such as `CSV`, `Parquet` or `DataFrame`, with its inputs, targets and splits. Set the batch size,
    shuffling and transforms outside of it."""
    image_column: str
    """The column with the paths."""
    folder: Path | None = None
    """The folder that the paths are relative to. Default: that of the table, or the current folder for rows that are
    passed in Python."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report a source that is not a table, or whose batch options are set."""
        yield from super().conflicts()
        if not isinstance(self.source, NamedColumns):
            yield OptionError("source", f"This must be a table, such as CSV, not {type(self.source).__name__}.", "type")
            return
        defaults = {option.name: option.default for option in fields(type(self.source))}
        for option in fields(TransformedSource):
            if getattr(self.source, option.name) != defaults[option.name]:
                yield OptionError("source", "Images makes the batches: set this option there.", option.name)

    @property
    def always_kept(self) -> tuple[str, ...]:
        """The paths are kept with the predictions, and so are the columns that the table keeps."""
        return (self.image_column, *self.source.always_kept)

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report the problems of the table, and a column or folder that does not exist."""
        from hookline_data.images.image_column import path_column, with_column

        yield from self.check_images()
        if self.folder is not None and not self.folder.is_dir():
            yield OptionError("folder", "There is no such folder.", id="missing-file")
        names = None
        if isinstance(self.source, Table):  # Otherwise the columns are not known yet.
            with suppress(DataError, OSError):  # The table reports them.
                names = self.source.column_names(self.source.path)
            if names is not None and self.image_column not in names:
                hint = did_you_mean(self.image_column, names).lstrip()
                message = f'There is no column "{self.image_column}" in {self.source.path.name}.'
                yield OptionError("image_column", message, id="unknown-column", help=hint)
                return
        assert isinstance(self.source, NamedColumns)
        problems = list(with_column(self.source, self.image_column, path_column()).check(loss))
        if names is not None and all(problem.path[0] in ("columns", "inputs") for problem in problems):
            assert isinstance(self.source, Table)
            of_groups = list(self._check_groups(self.source, names))
            problems = [] if of_groups else problems  # Those of the table would be about the same columns.
            yield from of_groups
        yield from (problem.within("source") if isinstance(problem, OptionError) else problem for problem in problems)

    def _check_groups(self, table: Table, names: list[str]) -> Iterator[OptionError]:
        """Report images that are not inputs, or that are not in a group of inputs of their own."""
        try:
            groups = table.input_columns(names)
        except DataError:
            return  # The table reports it.
        own = [group for group, columns in groups.items() if self.image_column in columns]
        if len(own) != 1:
            message = (
                f'"{self.image_column}" must be in one group of inputs, but is in {enumerate_names(own) or "none"}.'
            )
            yield OptionError("source", message, "inputs")
        elif others := [name for name in groups[own[0]] if name != self.image_column]:
            image = to_json(self.image_column)
            are = "another column is" if len(others) == 1 else f"{len(others)} other columns are"
            message = f'Images must be in a group of inputs of their own, but {are} in it, such as "{others[0]}".'
            remedy = f"Set `inputs = {image}`, or `inputs = {{ image = {image}, numbers = {to_json(others[:3])} }}`."
            yield OptionError("source", f"{message} {remedy}", "inputs")

    def prepare(self, run: Run, loss: Objective) -> Data:
        """Read the table, decode the images, split and encode."""
        if not isinstance(self.source, Table):
            with checks.within_source():
                return self.source.prepare(run, loss)  # It has no rows, and says so.
        try:
            return self.prepare_images(run, loss, self.source, self.image_column, self.folder, is_folder=False)
        except DataError as error:
            raise error if error.option is None else error.changed(option=("source", *error.option)) from None

    def eject(self, script: "Script", run: Run, data: Data, objective: Objective) -> "BatchNames":
        """Add the lines of the table, and those that read the images with Pillow and transform them."""
        from hookline_data.ejecting.image_table import eject_image_table

        return eject_image_table(self, script, data, objective)

    def raw_inputs(self, description: "DataDescription", objective: Objective) -> RawInputs:
        """Return the pixels of images, and the other columns."""
        assert isinstance(self.source, NamedColumns)
        return self.image_inputs(self.source, self.image_column, description, objective)

    def open_rows(
        self,
        source: Any,
        description: "DataDescription",
        objective: Objective,
        *,
        rows_per_block: int = 4096,
        with_targets: bool = False,
        keep: Sequence[str] = (),
    ) -> "Iterator[RowBlock]":
        """Yield new rows, prepared as the training rows were.

        `source` is what the table takes, such as the path of a CSV file with the same columns. Relative paths of images
        are looked for in the folder of the file, then in `folder`. If the images are the only inputs, `source` is also
        the path of a folder of images or of an image, or a list of paths.
        """
        from hookline_data.images.new_images import as_table

        assert isinstance(self.source, NamedColumns)
        rows, folder = as_table(source, self.image_column)
        return self.open_images(
            self.source,
            self.image_column,
            rows,
            description,
            objective,
            folders=[folder, *([] if self.folder is None else [self.folder])],
            rows_per_block=rows_per_block,
            with_targets=with_targets,
            keep=keep,
        )

    def row_fields(self, description: "DataDescription", objective: Objective) -> "Sequence[RowField]":
        """Return the columns of the table; images are in base64."""
        assert isinstance(self.source, NamedColumns)
        return self.image_fields(self.source, self.image_column, description)

    def rows_of_json(
        self, rows: Sequence[Mapping[str, Any]], description: "DataDescription", objective: Objective
    ) -> Any:
        """Return rows with images in base64."""
        from hookline_data.images.encoded import EncodedRows

        return EncodedRows.of(rows, self.image_column, self.image_column)
