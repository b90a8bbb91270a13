"""Sources of data."""

from typing import TYPE_CHECKING, Any, ClassVar

from hookline.data.json_rows.row_field import RowField
from hookline.errors.exceptions import MismatchError
from hookline.errors.option_errors import OptionError
from hookline.script.written import without_lines
from hookline.spec.families.raw_inputs import RawInputs
from hookline.spec.options import Spec, option, spec

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from torch import Tensor

    from hookline.data.data import Data
    from hookline.data.description import DataDescription
    from hookline.data.new_rows import RowBlock
    from hookline.data.targets.encoding import Target
    from hookline.script.lines import BatchNames
    from hookline.script.script import Script
    from hookline.spec.objective.objective import Objective


@spec
class DataSpec(Spec):
    """A source of data: reads it and splits it into batches for training, validation and test."""

    family = "data source"
    behavior = ("prepare",)
    fingerprints_files = False  # The rows are compared instead.
    reading_options: "ClassVar[Collection[str] | None]" = None
    """The options that decide which files are read, and how. If none of them is wrong, but others are, the names of
    files and columns are still checked, and reported together with the wrong options. `None`: they are not."""

    only_batches: ClassVar[bool] = False
    """Whether `batch_size` only divides rows in memory into batches. Then trials with other sizes share the rows."""

    batch_size: int = option(default=32, minimum=1)
    """The number of rows in a batch."""
    shuffle: bool = True
    """Shuffle the training rows before each epoch. The order follows from the seed and the epoch."""
    drop_last: bool = False
    """Drop the last batch of a training epoch if it is smaller than the others. (BatchNorm cannot be trained with a
    batch of one row.)"""

    @property
    def has_validation(self) -> bool | None:
        """Whether there will be a validation split; `None` if this is unknown until the data is read."""
        return None

    def without_validation(self) -> "Mapping[str, Any]":
        """Return the options to change so that the validation rows are training rows, too, for `refit` of a tuner.

        There is no validation split then. Statistics are computed from all training rows, and the test rows stay the
        same.

        Raises:
            OptionError: If the source cannot do so, or has no validation split.

        """
        raise OptionError("type", f"{type(self).__name__} cannot add the validation rows to the training rows.")

    def each_fold(self) -> "Sequence[DataSpec]":
        """Return this source once for each fold, which is the validation split; empty if it has no folds."""
        return ()

    @property
    def always_kept(self) -> "Sequence[str]":
        """The columns that predictions contain if the rows have them, such as ids and the paths of images."""
        return ()

    def with_rows(self, rows: Any) -> "DataSpec":
        """Return this source with rows from Python in place of those that it reads itself.

        Called with the argument `data` of `hookline.train` before `prepare`. Override it in a source that takes rows.

        Raises:
            MismatchError: If the source takes no rows, or if they contradict an option.
            DataError: If they are not of a type that the source takes.

        """
        raise MismatchError(f"{type(self).__name__} takes no rows from Python: omit `data`.", ("data", "type"))

    def check(self, loss: "Objective | None") -> "Iterable[OptionError | MismatchError]":
        """Yield the errors in the named files that can be found quickly and without torch or NumPy.

        Called by `hookline check` and before training. Each error names its option: a missing file, a column that is
        not in the header, targets that the loss does not take. A `MismatchError` names an option of another section by
        its path in the spec. `loss` is `None` if it is invalid.
        """
        return ()

    def prepare(self, run: Any, loss: "Objective") -> "Data":
        """Read the data. `run`, a `hookline.Run`, has the seed and the device; `loss` has the target encodings."""
        raise NotImplementedError(f"{type(self).__name__} has no `prepare`.")

    @without_lines
    def eject(self, script: "Script", run: Any, data: "Data", objective: "Objective") -> "BatchNames":
        """Add the lines that read, split and prepare the data, for `hookline eject`, and return the names of a batch.

        The lines define a function `batches(split, epoch=None)`, which yields a tuple of tensors for each batch: those
        that the names list, in their order. With an epoch it yields the training rows in the order of that epoch, and
        otherwise all rows of the split in order.

        Args:
            script: takes the lines, in the sections "read", "split", "prepare" and "batches".
            run: the run.
            data: the data that `prepare` returned.
            objective: the objective, with the encodings of the targets.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

    def in_unit_of(self, target: "Target", numbers: "Tensor") -> "Tensor":
        """Return predicted or true numbers of a target in the unit of its columns, `(N, columns)` in float64.

        Called for a target with `Target.transforms`, whose numbers the loss sees transformed. Override it in a source
        that transforms targets.
        """
        return numbers

    def cells_of(
        self, group: str, numbers: "Sequence[float]", preparation: "Mapping[str, Any]"
    ) -> "Mapping[str, str | float] | None":
        """Return what the inputs of one row mean to people, such as the cells of columns, by name; `None` if unknown.

        Args:
            group: the name of the group of inputs.
            numbers: the numbers of the row, without the standardization of `preparation`.
            preparation: what is known of the group: see `Data.preparation`.

        """
        return None

    def open_rows(
        self,
        source: Any,
        description: "DataDescription",
        objective: "Objective",
        *,
        rows_per_block: int = 4096,
        with_targets: bool = False,
        keep: "Sequence[str]" = (),
    ) -> "Iterator[RowBlock]":
        """Yield new rows for a finished run, prepared as the training rows were.

        The default takes arrays that are already prepared: see `hookline.data.blocks_of_arrays`. Override it in a
        source that prepares its rows, and use only `description`: the training rows may be gone.

        Args:
            source: the path of a file, "-" for standard input, or an object such as a table or a mapping of arrays.
            description: the description of the data of the run.
            objective: the objective, with the encodings of the targets.
            rows_per_block: the largest number of rows of a block.
            with_targets: whether to read the targets too. By default they may be absent.
            keep: the names of columns to return as they are. Those of `always_kept` may be absent.

        Raises:
            DataError: If the source cannot be read at all. A row that cannot be read is a problem of its block.

        """
        from hookline.data.array_blocks import blocks_of_arrays
        from hookline.errors.exceptions import DataError

        if with_targets or keep:
            what = "targets" if with_targets else "columns"
            raise DataError(f"{type(self).__name__} takes new rows as arrays, which have no {what}.")
        return blocks_of_arrays(source, description, rows_per_block=rows_per_block)

    def raw_inputs(self, description: "DataDescription", objective: "Objective") -> RawInputs:
        """Return what a deployed model takes, such as the columns of a table, and how it prepares them.

        The default takes inputs that are already prepared: one array for each group. Override it, and set
        `Data.examples`, in a source that prepares its rows.

        Args:
            description: the description of the data of the run.
            objective: the objective.

        """
        return RawInputs(description)

    def row_fields(self, description: "DataDescription", objective: "Objective") -> "Sequence[RowField]":
        """Return the cells of a row that `rows_of_json` takes, such as for a form.

        The default is for prepared arrays, one for each group of inputs. Override it in a source that prepares rows.

        Args:
            description: the description of the data of the run.
            objective: the objective.

        """
        from hookline.data.json_rows.arrays import fields_of_arrays

        return fields_of_arrays(description)

    def rows_of_json(
        self, rows: "Sequence[Mapping[str, Any]]", description: "DataDescription", objective: "Objective"
    ) -> Any:
        """Return rows from JSON, such as those that are sent to a server, as a source for `open_rows`.

        The rows come from strangers: they must never name files to read. The default makes an array of each cell.

        Args:
            rows: the rows, with the cells that `row_fields` describes.
            description: the description of the data of the run.
            objective: the objective.

        Raises:
            DataError: If the rows cannot be read at all.

        """
        from hookline.data.json_rows.arrays import arrays_of_rows

        return arrays_of_rows(rows, self.row_fields(description, objective))

    def few_rows(
        self, description: "DataDescription", objective: "Objective", keep: "Sequence[str]" = ()
    ) -> "Callable[[Sequence[Mapping[str, Any]]], RowBlock | None] | None":
        """Return a function that prepares few rows of JSON faster than `open_rows` does; `None` if there is none.

        A server calls it first. It takes rows of several requests, and returns the same block as `open_rows` for those
        of `rows_of_json`, or `None` for rows that it does not take, such as those with a wrong cell: `open_rows` then
        reads or refuses each request.

        Args:
            description: the description of the data of the run.
            objective: the objective.
            keep: the names of columns to return as they are, as far as the rows have them.

        """
        return None
