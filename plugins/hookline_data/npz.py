"""NPZ files as a data source."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline import Run
from hookline.data import Data, Encoding, Sequences, in_memory
from hookline.errors import DataError, MismatchError, OptionError, did_you_mean, enumerate_names
from hookline.spec import Objective, RawInputs, spec
from hookline.training import is_applied_to_each
from hookline_data.files.several import is_pattern
from hookline_data.layout import checks, targets as of_target
from hookline_data.layout.by_group import DType, Patterns, Standardize, dtype_of_group, named, of_group
from hookline_data.reading import arrays, npz_file
from hookline_data.rows.array_layout import ArrayLayout, InputArray
from hookline_data.rows.examples import array_examples
from hookline_data.rows.rows import Rows
from hookline_data.rows.split_file import SplitFile
from hookline_data.rows.weights import weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.data import DataDescription, RowBlock


@spec
class NPZ(SplitFile):
    """NumPy arrays in one file, as written by `numpy.savez`, held in memory. Pickled objects are refused.

    The first dimension of every array is the rows, and all arrays have the same number of rows. Text arrays are class
    names.
    """

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
        for name in ("path", "validation", "test"):
            given = getattr(self, name)
            if isinstance(given, tuple) or (isinstance(given, Path) and is_pattern(given)):
                yield OptionError(name, "NPZ reads a single file: save the arrays of all files in one.")
        yield from of_target.class_conflicts(self.classes, self.target_arrays)
        if self.stratify is True and not self.target_arrays:
            yield OptionError("stratify", "Stratifying needs the classes of a target, but there are no `targets`.")
        for name, given in (("inputs", self.inputs), ("targets", self.targets)):
            if given is not None and not given:
                yield OptionError(name, "There must be at least one array.")
        for target, several in self.target_arrays.items():
            if self.targets and not several:
                yield OptionError("targets", "There must be at least one array.", target)
        groups = {} if self.inputs is None else self._groups(())
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

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report missing files, and arrays that they do not contain."""
        of_targets = list(checks.targets_of_loss(loss, self.target_arrays))
        yield from of_targets
        if not of_targets:
            yield from of_target.classes_of_loss(loss, self.classes, self.target_arrays)
        yield from checks.weights_of_loss(loss, self.weight_column)
        groups = {} if self.inputs is None else self._groups(())
        for group, message in checks.inputs_of_loss(loss, groups):
            if isinstance(self.inputs, Mapping):
                yield OptionError("inputs", message, group, on_key=True)
            else:
                yield OptionError("inputs", message, list(groups).index(group))
        for option, path in {"path": self.path, **self.other_files}.items():
            try:
                names = checks.names_in(path, option, npz_file.array_names)
            except OptionError as error:
                yield error
                continue
            if option == "path":
                yield from self._check_arrays(names)

    def _check_arrays(self, names: list[str]) -> Iterator[OptionError]:
        """Report arrays that the file does not contain."""
        named = {name: getattr(self, name) for name in ("inputs", "targets", "lengths")} | self.named_columns
        for option, given in named.items():
            for name, within in checks.places(given):
                if name not in names:
                    hint = did_you_mean(name, names).lstrip()
                    yield OptionError(option, f'There is no array "{name}".', *within, id="unknown-column", help=hint)

    def prepare(self, run: Run, loss: Objective) -> Data:
        """Read, split, standardize and encode."""
        layout = self._layout(loss, run.spec.run.dtype)
        parts, left_out, dropped = self._parts(layout)
        paths = self.paths(parts)
        groups, statistics = layout.prepared(parts, paths)
        data = in_memory(
            self,
            run,
            loss,
            {split: _tensors(several) for split, several in groups.items()},
            {split: layout.targets_of(rows) for split, rows in parts.items()},
            lengths={split: rows.lengths() for split, rows in parts.items()},
            weights=weights_of(parts, self.weight_column, paths),
            classes=of_target.classes_of(self.classes, self.target_arrays),
            dropped=dropped,
            preparation={
                name: {"array": group.array, **statistics.get(name, {})} for name, group in layout.inputs.items()
            },
            left_out=left_out,
            sampling=self.sampling(parts["training"].columns),
            examples=array_examples(parts, layout),
            source={split: str(path) for split, path in paths.items()},
        )
        return self.transformed(run, data)

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
            rows_per_block=rows_per_block,
            with_targets=with_targets,
            keep=keep,
        )
        return self.transformed_blocks(blocks, description)

    def _layout(self, loss: Objective, dtype: str) -> ArrayLayout:
        """Choose the role of each array."""
        encodings = checks.encodings(loss, self.target_arrays)
        targets = [name for several in self.target_arrays.values() for name in several]
        lengths = self.lengths.values() if isinstance(self.lengths, Mapping) else (self.lengths,)
        taken = {*targets, *self.role_columns, *lengths}
        groups = self._groups([name for name in npz_file.array_names(self.path) if name not in taken])
        if not groups:
            raise DataError("No array is left for the inputs.", file=self.path)
        return ArrayLayout(
            path=self.path,
            inputs={
                group: InputArray(
                    array=name,
                    dtype=dtype_of_group(self.dtype, group, dtype),
                    standardize=bool(of_group(self.standardize, group, default=False)),
                )
                for group, name in groups.items()
            },
            is_siamese=is_applied_to_each(groups, loss.inputs) or self.standardize == "together",
            targets=self.target_arrays,
            encodings=encodings,
            lengths=self._lengths(groups, encodings, loss.name_for(None)),
            splitting=self.wanted_to_split,
            weight_column=self.weight_column,
            dtype=dtype,
            missing=self.missing_marks,
        )

    def _parts(self, layout: ArrayLayout) -> tuple[dict[str, Rows], dict[str, int], dict[str, int]]:
        """Read the rows of each split, without preparing them.

        Returns them, how many rows are in no split, by reason, and how many are dropped without a target, by array.
        """
        found, dropped = self._complete(layout.read(self.path, with_split=True), self.path)
        rows = layout.rows(found, self.path)
        first_target = next((arrays[0] for arrays in self.target_arrays.values()), None)

        def cells(name: str) -> "NDArray[Any]":
            return rows.columns[name] if name in rows.columns else found[name]

        parts, left_out = self.split(rows, cells, first_target)
        for split, path in self.other_files.items():
            others, more = self._complete(layout.read(path, with_split=False), path)
            dropped = {name: dropped.get(name, 0) + more.get(name, 0) for name in {**dropped, **more}}
            layout.refuse_other_shapes(others, found, path)
            parts[split] = layout.rows(others, path)
        return parts, left_out, dropped

    def _complete(
        self, found: "dict[str, NDArray[Any]]", path: Path
    ) -> "tuple[dict[str, NDArray[Any]], dict[str, int]]":
        """Return the rows whose targets are known, and how many are not, by array, if such rows are to be dropped."""
        if self.missing_targets == "refuse":
            return found, {}
        names = list(dict.fromkeys(name for several in self.target_arrays.values() for name in several))
        missing = {name: arrays.is_missing(found[name], self.missing_marks) for name in names if name in found}
        dropped = {name: int(rows.sum()) for name, rows in missing.items() if rows.any()}
        if not dropped:
            return found, {}
        import numpy

        kept = ~numpy.logical_or.reduce(list(missing.values()))
        if not kept.any():
            raise DataError("Every row lacks a target.", file=path)
        return {name: array[kept] for name, array in found.items()}, dropped

    def _groups(self, others: Sequence[str]) -> dict[str, str]:
        """Return the array of each group of inputs; `others` are the arrays that no other option uses."""
        if isinstance(self.inputs, str):
            return {"input": self.inputs}
        if isinstance(self.inputs, Mapping):
            return dict(self.inputs)
        if self.inputs is None and len(others) == 1:
            return {"input": others[0]}
        return {name: name for name in (others if self.inputs is None else self.inputs)}

    def _lengths(self, groups: Mapping[str, str], encodings: Mapping[str, Encoding], loss: str) -> Mapping[str, str]:
        """Return the array of lengths of each array of padded sequences."""
        if self.lengths is None:
            return {}
        if isinstance(self.lengths, str):
            if len(groups) > 1:
                names = enumerate_names(groups)
                message = f"There are several groups of inputs, {names}: use a table to assign the lengths."
                raise MismatchError(message, ("data", "lengths"))
            return dict.fromkeys(groups.values(), self.lengths)
        targets = {name: target for target, several in self.target_arrays.items() for name in several}
        for name in self.lengths:
            if name not in (*groups.values(), *targets):
                near = did_you_mean(name, (*groups.values(), *targets))
                raise MismatchError(f'No input or target is called "{name}".{near}', ("data", "lengths", name))
            if name in targets and not isinstance(encodings[targets[name]], Sequences):
                message = f'"{name}" is a target, but {loss} takes no sequences, so it cannot have lengths.'
                raise MismatchError(message, ("data", "lengths", name))
        return self.lengths


def _tensors(groups: "Mapping[str, NDArray[Any]]") -> "dict[str, Tensor]":
    import torch

    return {name: torch.from_numpy(values) for name, values in groups.items()}
