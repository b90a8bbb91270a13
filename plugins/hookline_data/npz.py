"""NPZ files as a data source."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hookline import Run
from hookline.data import Data, Encoding, Sequences, in_memory
from hookline.errors import DataError, MismatchError, OptionError, did_you_mean, enumerate_names
from hookline.spec import Objective, spec
from hookline.training import is_applied_to_each
from hookline_data.files.several import is_pattern
from hookline_data.layout import checks, targets as of_target
from hookline_data.layout.by_group import dtype_of_group, of_group
from hookline_data.numpy_arrays import cells as array_cells, npz_file
from hookline_data.numpy_arrays.array_layout import ArrayLayout, InputArray
from hookline_data.rows import ids
from hookline_data.rows.examples import array_examples
from hookline_data.rows.named_arrays import NamedArrays
from hookline_data.rows.rows import Rows
from hookline_data.rows.split_file import SplitFile
from hookline_data.rows.weights import weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import BatchNames, Script


@spec
class NPZ(NamedArrays, SplitFile):
    """NumPy arrays in one file, as written by `numpy.savez`, held in memory. Pickled objects are refused.

    The first dimension of every array is the rows, and all arrays have the same number of rows. Text arrays are class
    names.
    """

    reading_options: ClassVar[Collection[str] | None] = ("path",)

    def conflicts(self) -> Iterator[OptionError]:
        """Report several files, and what contradicts each other."""
        yield from super().conflicts()
        for name in ("path", "validation", "test"):
            given = getattr(self, name)
            if isinstance(given, tuple) or (isinstance(given, Path) and is_pattern(given)):
                yield OptionError(name, "NPZ reads a single file: save the arrays of all files in one.")

    def array_names(self, path: Path) -> list[str]:
        """Return the names of the arrays in a file.

        Raises:
            DataError: If the file cannot be read.

        """
        return npz_file.array_names(path)

    def read(self, path: Path, names: Iterable[str]) -> "dict[str, NDArray[Any]]":
        """Read arrays of numbers or text, all with the same number of rows.

        Raises:
            DataError: If an array does not exist or cannot be read, or if the numbers of rows differ.

        """
        return npz_file.read(path, names)

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report missing files, and arrays that they do not contain."""
        yield from self.check_options(loss)
        for option, path in {"path": self.path, **self.other_files}.items():
            try:
                names = checks.names_in(path, option, self.array_names)
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
            kept={split: layout.kept(rows) for split, rows in parts.items()},
            source={split: str(path) for split, path in paths.items()},
        )
        ids.warn_of_shared(self, data.kept)
        return self.transformed(run, data)

    def eject(self, script: "Script", run: Run, data: Data, objective: Objective) -> "BatchNames":
        """Add the lines that read the file with NumPy, split its rows, and prepare them."""
        from hookline_data.ejecting.npz import eject_npz

        return eject_npz(self, script, data, self._layout(objective, run.spec.run.dtype))

    def _layout(self, loss: Objective, dtype: str) -> ArrayLayout:
        """Choose the role of each array."""
        encodings = checks.encodings(loss, self.target_arrays)
        targets = [name for several in self.target_arrays.values() for name in several]
        lengths = self.lengths.values() if isinstance(self.lengths, Mapping) else (self.lengths,)
        taken = {*targets, *self.role_columns, *lengths}
        groups = self.groups([name for name in self.array_names(self.path) if name not in taken])
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
            ids=self.always_kept,
            dtype=dtype,
            missing=self.missing_marks,
        )

    def _parts(self, layout: ArrayLayout) -> tuple[dict[str, Rows], dict[str, int], dict[str, int]]:
        """Read the rows of each split, without preparing them.

        Returns them, how many rows are in no split, by reason, and how many are dropped without a target, by array.
        """
        found, dropped = self._complete(self.read(self.path, layout.names(with_split=True)), self.path)
        rows = layout.rows(found, self.path)
        first_target = next((arrays[0] for arrays in self.target_arrays.values()), None)

        def cells(name: str) -> "NDArray[Any]":
            return rows.columns[name] if name in rows.columns else found[name]

        parts, left_out = self.split(rows, cells, first_target)
        for split, path in self.other_files.items():
            others, more = self._complete(self.read(path, layout.names(with_split=False)), path)
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
        missing = {name: array_cells.is_missing(found[name], self.missing_marks) for name in names if name in found}
        dropped = {name: int(rows.sum()) for name, rows in missing.items() if rows.any()}
        if not dropped:
            return found, {}
        import numpy

        kept = ~numpy.logical_or.reduce(list(missing.values()))
        if not kept.any():
            raise DataError("Every row lacks a target.", file=path)
        return {name: array[kept] for name, array in found.items()}, dropped

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
