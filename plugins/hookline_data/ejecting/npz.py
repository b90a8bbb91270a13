"""The lines that read, split and prepare the arrays of an NPZ file."""

from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import Labels
from hookline.script import BatchNames, Script, cannot_be_written, literal
from hookline_data.ejecting.batches import BatchLines
from hookline_data.ejecting.files.read_file import path_in_script
from hookline_data.ejecting.inputs import TRAINING, add_padded_statistics
from hookline_data.ejecting.names import variable
from hookline_data.ejecting.splits.add_splits import add_splits
from hookline_data.ejecting.standardize import add_shared_statistics, add_standardized
from hookline_data.ejecting.table import is_distribution, known_target
from hookline_data.layout.targets import classes_of
from hookline_data.numpy_arrays.array_layout import ArrayLayout

if TYPE_CHECKING:
    from hookline.data import Data
    from hookline_data.npz import NPZ

COMPLETE = '''
def complete(arrays):
    """Return the rows whose targets are known."""
    is_missing = CONDITION
    return {name: arrays[name][~is_missing] for name in arrays}
'''

JOINED = '''
def joined(files, name):
    """Return an array with the rows of all files."""
    return np.concatenate([file[name] for file in files])
'''


def eject_npz(source: "NPZ", script: Script, data: "Data", layout: ArrayLayout) -> BatchNames:
    """Add the lines of an NPZ file, and return the names of a batch."""
    return NPZLines(source, script, data, layout).add()


class NPZLines:
    """Writes the lines of NPZ files."""

    def __init__(self, source: "NPZ", script: Script, data: "Data", layout: ArrayLayout):
        """Take the source, the data that it returned, and the role of each array."""
        self.source, self.script, self.data, self.layout = source, script, data, layout
        self._arrays: dict[str, str] = {}

    def add(self) -> BatchNames:
        """Add all lines."""
        script, layout, source = self.script, self.layout, self.source
        script.use("import numpy as np")
        paths = [source.path, *source.other_files.values()]
        some = f"[{literal(next(iter(layout.inputs.values())).array)}]"
        if len(paths) == 1:
            script.add("read", f"arrays = {self._loaded(literal(path_in_script(source.path)))}")
            known, sizes = f"len(arrays{some})", ""
        else:
            listed = ", ".join(literal(path_in_script(path)) for path in paths)
            script.add("read", f"files = [{self._loaded('path')} for path in ({listed})]")
            known, sizes = f"len(files[0]{some})", f"[len(file{some}) for file in files]"
        first = next((several[0] for several in layout.targets.values()), None)
        add_splits(script, source, known, self.array, first, sizes)
        tensors = self._inputs()
        targets = self._targets()
        lengths = {}
        for name, group in layout.inputs.items():
            if group.array in layout.lengths:
                lengths[name] = "lengths" if len(layout.inputs) == 1 else f"{variable(name)}_lengths"
                made = f"torch.from_numpy({self.array(layout.lengths[group.array])}.astype(np.int64))"
                script.add("prepare", f"{lengths[name]} = {script.moved(made)}", apart=False)
        batches = BatchLines(source, script, self.data)
        batches.add_inputs(tensors)
        batches.add_targets(targets)
        batches.add_lengths(lengths)
        if source.weight_column is not None:
            batches.add_weights(self.array(source.weight_column))
        if source.sampler is not None:
            weights = None if source.sample_weights is None else self.array(source.sample_weights)
            batches.add_sampler(weights, next(iter(targets.values()), ""))
        return evolve(batches.add(), is_distribution=is_distribution(self.data))

    def _loaded(self, path: str) -> str:
        """Return the arrays of a file, without the rows that are dropped, as code."""
        import numpy

        loaded = f"np.load({path})"
        if self.source.missing_targets == "refuse":
            return loaded
        conditions = []
        with numpy.load(self.source.path) as arrays:
            for name in dict.fromkeys(name for several in self.layout.targets.values() for name in several):
                if arrays[name].ndim > 1:
                    raise cannot_be_written(
                        "Rows that lack one of several targets have no lines.", ("missing_targets",)
                    )
                if arrays[name].dtype.kind == "f":
                    conditions.append(f"np.isnan(arrays[{literal(name)}])")
                elif arrays[name].dtype.kind not in "iub":
                    marks = literal(["", *self.source.missing_marks])
                    conditions.append(f"np.isin(arrays[{literal(name)}], {marks})")
        if not conditions:
            return loaded
        return f"{self.script.define(COMPLETE.replace('CONDITION', ' | '.join(conditions)))}({loaded})"

    def array(self, name: str) -> str:
        """Return the array of all rows, as code."""
        if not self.source.other_files:
            return f"arrays[{literal(name)}]"
        if name not in self._arrays:
            made = variable(name, (*self._arrays.values(), "x", "y", "w"))
            self.script.add("read", f"{made} = {self.script.define(JOINED)}(files, {literal(name)})", apart=False)
            self._arrays[name] = made
        return self._arrays[name]

    def _inputs(self) -> dict[str, str]:
        """Add the lines of all groups of inputs, and return their tensors."""
        groups, script = self.layout.inputs, self.script
        if len(groups) > 1:
            script.add("prepare", "inputs = {}", apart=script.has("prepare"))
        shared = [name for name, group in groups.items() if group.standardize] if self.layout.is_siamese else []
        if len(shared) < 2:
            return {name: self._input(name) for name in groups}
        if any(groups[name].array in self.layout.lengths or self._is_dense(name) for name in shared):
            raise cannot_be_written("Statistics that such groups of inputs share have no lines.", ("standardize",))
        numbers = {name: self.array(groups[name].array) for name in shared}
        add_shared_statistics(script, list(numbers.values()), self.data.preparation[shared[0]], TRAINING)
        return {
            name: self._tensor(name, f"(({numbers[name]} - means) / stds)") if name in numbers else self._input(name)
            for name in groups
        }

    def _is_dense(self, name: str) -> bool:
        return self.data.example.inputs[name].dim() > 2

    def _tensor(self, name: str, numbers: str) -> str:
        made = "inputs" if len(self.layout.inputs) == 1 else f"inputs[{literal(name)}]"
        tensor = f"torch.from_numpy({numbers}.astype(np.{self.layout.inputs[name].dtype}))"
        self.script.add("prepare", f"{made} = {self.script.moved(tensor)}", apart=False)
        return made

    def _input(self, name: str) -> str:
        """Add the lines of a group of inputs, and return its tensor."""
        script, group = self.script, self.layout.inputs[name]
        numbers = self.array(group.array)
        lengths = self.layout.lengths.get(group.array)
        if not group.standardize:
            made = self._tensor(name, numbers)
            if lengths is not None:
                place = f"np.arange({made}.shape[1]) >= {self.array(lengths)}[:, None]"
                script.add("prepare", f"{made}[{place}] = 0  # The padding.", apart=False)
            return made
        script.add("prepare", f"features = {numbers}", apart=script.has("prepare"))
        if lengths is not None:
            add_padded_statistics(script, "features", f"{self.array(lengths)}[:, None]", self.data.preparation[name])
            is_step = "is_step[..., None]" if self._is_dense(name) else "is_step"
            return self._tensor(name, f"np.where({is_step}, (features - means) / stds, 0)")
        shape = next(iter(self.data.example.inputs[name].shape[1:]), None)
        flat = "features" if shape is not None else "features.reshape(len(features), -1)"
        preparation = self.data.preparation[name]
        numbers = add_standardized(script, flat, preparation, TRAINING, dense=self._is_dense(name))
        return self._tensor(name, numbers)

    def _targets(self) -> dict[str, str]:
        """Add the lines of the targets, and return their tensors."""
        script, layout = self.script, self.layout
        encodings: dict[str, Any] = dict(layout.encodings)
        for name, given in classes_of(self.source.classes, layout.targets).items():
            encodings[name] = encodings[name].with_classes(given, "")
        if len(layout.targets) > 1:
            script.add("prepare", "targets = {}")
        made: dict[str, str] = {}
        for name, several in layout.targets.items():
            if any(array in layout.lengths for array in several):
                raise cannot_be_written("The lengths of targets have no lines.", ("lengths",))
            known, encoding = known_target(self.data, name), encodings[name]
            columns: dict[str, str] = {}
            for array in several:
                code = self.array(array)
                parts = [column for column in known.columns if column.startswith(f"{array}[")]
                if parts and (isinstance(encoding, Labels) or len(several) > 1):
                    columns |= {f"{array}[{index}]": f"{code}[:, {index}]" for index in range(len(parts))}
                elif code.isidentifier():
                    columns[array] = code
                else:
                    named = variable(array, ("x", "y", "w"))
                    script.add("read", f"{named} = {code}", apart=False)
                    columns[array] = named
            made[name] = "targets" if len(layout.targets) == 1 else f"targets[{literal(name)}]"
            expression = encoding.eject(script, columns, known, TRAINING)
            script.add("prepare", f"{made[name]} = {script.moved(expression)}", apart=False)
        return made
