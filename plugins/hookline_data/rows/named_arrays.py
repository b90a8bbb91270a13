"""The options that arrays share, wherever they come from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors import MismatchError, OptionError, did_you_mean
from hookline.spec import Objective, RawInputs, spec
from hookline_data.layout import checks, targets as of_target
from hookline_data.layout.by_group import DType, Patterns, Standardize, named, of_group
from hookline_data.rows.split_rows import SplitRows

if TYPE_CHECKING:
    from hookline.data import DataDescription, RowBlock, RowField
    from hookline_data.npz import NPZ


@spec
class NamedArrays(SplitRows):
    """Arrays with names, whose first dimension is the rows."""

    inputs: str | tuple[str, ...] | Mapping[str, str] | None = None
    """The array to use as input. A list or a table defines several groups of inputs, named after their arrays or by the
    keys of the table, such as `{ anchor = "a", positive = "b" }`. Default: all arrays that no other option uses."""
    targets: Patterns | Mapping[str, Patterns] | None = None
    """The array, or several arrays side by side, to predict: one or more numbers or a class per row. Integers of shape
    `(rows, steps)` or `(rows, height, width)` are a class per step or pixel for a loss of classes; numbers of three or
    more dimensions are images. For a loss that takes sequences, rows of class indices padded with -1. A table defines
    several targets. Omit it for a loss that takes no target."""
    lengths: str | Mapping[str, str] | None = None
    """The array with the lengths of padded sequences: for each row, how many steps of the second dimension are not
    padding. A table selects it by array, for inputs and targets, such as `{ sounds = "sound_lengths" }`."""
    dtype: DType | Mapping[str, DType] | None = None
    """The type of the inputs, for all groups or by group. Use "int64" for indices into an embedding. Default: the
    `dtype` of [run]."""
    standardize: Standardize = False
    """Scale each position of the last dimension of the inputs to mean 0 and variance 1, for all groups or by group,
    with the statistics of the training split over rows, steps and all other dimensions. Groups to which the model is
    applied separately, such as `anchor` and `positive`, share their statistics. With "together", all groups share them:
    use it for a model that applies the same layers to each group, such as `Siamese`."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report splits, groups and types that contradict each other."""
        yield from super().conflicts()
        yield from of_target.class_conflicts(self.classes, self.target_arrays)
        if self.stratify is True and not self.target_arrays:
            yield OptionError("stratify", "Stratifying needs the classes of a target, but there are no `targets`.")
        for name, given in (("inputs", self.inputs), ("targets", self.targets)):
            if given is not None and not given:
                yield OptionError(name, "There must be at least one array.")
        for target, several in self.target_arrays.items():
            if self.targets and not several:
                yield OptionError("targets", "There must be at least one array.", target)
        groups = {} if self.inputs is None else self.groups(())
        for name, by_group in (("dtype", self.dtype), ("standardize", self.standardize)):
            for group in by_group if isinstance(by_group, Mapping) else ():
                if self.inputs is None:
                    yield OptionError(name, "To set this by group, list the `inputs`.", group)
                elif group not in groups:
                    message = f'There is no group of inputs "{group}".{did_you_mean(group, groups)}'
                    yield OptionError(name, message, group, on_key=True)
        for group in groups or ("input",):
            if of_group(self.standardize, group, default=False) and of_group(self.dtype, group, None) == "int64":
                yield OptionError(
                    "standardize",
                    'Integers cannot be standardized, but the `dtype` is "int64".',
                    *([group] if isinstance(self.standardize, Mapping) else ()),
                )

    @property
    def target_arrays(self) -> Mapping[str, tuple[str, ...]]:
        """The arrays of each target; a single target is called "target"."""
        return named(self.targets, "target")

    def check_options(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report options that the loss contradicts, whatever the arrays are."""
        of_targets = list(checks.targets_of_loss(loss, self.target_arrays))
        yield from of_targets
        if not of_targets:
            yield from of_target.classes_of_loss(loss, self.classes, self.target_arrays)
        yield from checks.weights_of_loss(loss, self.weight_column)
        groups = {} if self.inputs is None else self.groups(())
        for group, message in checks.inputs_of_loss(loss, groups):
            if isinstance(self.inputs, Mapping):
                yield OptionError("inputs", message, group, on_key=True)
            else:
                yield OptionError("inputs", message, list(groups).index(group))

    def groups(self, others: Sequence[str]) -> dict[str, str]:
        """Return the array of each group of inputs; `others` are the arrays that no other option uses."""
        if isinstance(self.inputs, str):
            return {"input": self.inputs}
        if isinstance(self.inputs, Mapping):
            return dict(self.inputs)
        if self.inputs is None and len(others) == 1:
            return {"input": others[0]}
        return {name: name for name in (others if self.inputs is None else self.inputs)}

    def with_rows(self, rows: Any) -> "NPZ":
        """Return a source of these arrays with the same options.

        `rows` is a mapping from names to NumPy arrays, tensors or lists, or a mapping from "training" and "validation"
        or "test" to such mappings.
        """
        from hookline_data.given.given_arrays import given_arrays  # Checking a spec does not need it.

        return given_arrays(self, rows)

    def raw_inputs(self, description: "DataDescription", objective: Objective) -> RawInputs:
        """Return the arrays by name."""
        from hookline_data.raw_inputs.of_arrays import ArrayInputs
        from hookline_data.raw_inputs.transformed import with_transforms

        inputs = ArrayInputs(self.original(description), self.lengths)
        return with_transforms(inputs, self, description, objective)

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

        `source` is the path of an NPZ file, or a mapping from names to NumPy arrays, tensors or lists, with the names
        that the arrays have in the training file: those of the inputs and of the lengths of padded sequences, and, with
        `with_targets`, those of the targets. Other arrays are ignored.

        A file is streamed, compressed or not: memory does not grow with it. Arrays in Fortran order are read as a
        whole.
        """
        from hookline_data.new_rows.of_arrays import rows_of_arrays

        blocks = rows_of_arrays(
            source,
            self.original(description),
            objective,
            target_arrays=self.target_arrays,
            lengths=self.lengths,
            weight_column=self.weight_column,
            missing=self.missing_marks,
            drops_missing=self.missing_targets == "drop",
            rows_per_block=rows_per_block,
            with_targets=with_targets,
            keep=keep,
            ids=self.ids,
        )
        return self.transformed_blocks(blocks, description)

    def row_fields(self, description: "DataDescription", objective: Objective) -> "Sequence[RowField]":
        """Return the arrays that the model needs, and ids. The cells of a row are lists."""
        from hookline_data.json_fields.of_arrays import fields_of_named_arrays

        return fields_of_named_arrays(self, self.original(description))

    def rows_of_json(
        self, rows: Sequence[Mapping[str, Any]], description: "DataDescription", objective: Objective
    ) -> Any:
        """Return an array for each name. Sequences of different lengths are padded, and need no array of lengths."""
        from hookline_data.json_fields.of_arrays import named_arrays_of_rows

        return named_arrays_of_rows(self, rows, self.original(description))
