"""The lines that read, split and prepare the arrays of an NPZ file."""

from typing import TYPE_CHECKING, Any

from hookline.data import Labels
from hookline.script import BatchNames, Script, cannot_be_written, literal, refuse_other_options
from hookline_data.ejecting.batches import add_batches
from hookline_data.ejecting.names import variable
from hookline_data.ejecting.read_file import path_in_script
from hookline_data.ejecting.splits import add_splits
from hookline_data.ejecting.standardize import add_standardized
from hookline_data.layout.targets import classes_of
from hookline_data.numpy_arrays.array_layout import ArrayLayout

if TYPE_CHECKING:
    from hookline.data import Data
    from hookline_data.npz import NPZ


OPTIONS = {
    *("path", "inputs", "targets", "dtype", "standardize", "classes", "id_columns", "lengths"),
    *("batch_size", "shuffle", "drop_last", "validation", "test", "stratify", "split_seed", "split_column"),
    *("split_values", "folds", "fold", "group_column", "time_column", "gap", "quantiles"),
}
"""The options that are written as lines, or have none because they change nothing that is trained."""


def eject_npz(source: "NPZ", script: Script, data: "Data", layout: ArrayLayout) -> BatchNames:
    """Add the lines of an NPZ file, and return the names of a batch."""
    refuse_other_options(source, OPTIONS)
    if layout.is_siamese and any(group.standardize for group in layout.inputs.values()):
        raise cannot_be_written("Statistics that groups of inputs share have no lines.", ("standardize",))
    script.use("import numpy as np")
    script.add("read", f"arrays = np.load({literal(path_in_script(source.path))})")
    first = next((several[0] for several in layout.targets.values()), None)
    some = next(iter(layout.inputs.values())).array
    add_splits(script, source, f"len(arrays[{literal(some)}])", lambda name: f"arrays[{literal(name)}]", first)
    tensors = {name: _input(script, data, layout, name) for name in layout.inputs}
    targets = _targets(source, script, data, layout)
    lengths = {}
    for name, group in layout.inputs.items():
        if group.array in layout.lengths:
            lengths[name] = "lengths" if len(layout.inputs) == 1 else f"{variable(name)}_lengths"
            made = f"torch.from_numpy(arrays[{literal(layout.lengths[group.array])}].astype(np.int64))"
            script.add("prepare", f"{lengths[name]} = {script.moved(made)}", apart=False)
    add_batches(script, source, [*tensors.values(), *targets.values(), *lengths.values()])
    one_input, one_target = len(tensors) == 1, len(targets) == 1
    return BatchNames(
        inputs={name: "x" if one_input else variable(f"x_{name}") for name in tensors},
        targets={name: "y" if one_target else variable(f"y_{name}") for name in targets},
        lengths={name: "steps" if one_input else variable(f"steps_{name}") for name in lengths},
        training={name: f'{tensor}[splits["training"]]' for name, tensor in tensors.items()},
        is_distribution=_is_distribution(data),
    )


def _is_distribution(data: "Data") -> bool:
    if len(data.targets) != 1:
        return False
    [target], [rows] = data.targets.values(), data.example.targets.values()
    return target.classes is not None and len(target.columns) > 1 and rows.is_floating_point()


def _input(script: Script, data: "Data", layout: ArrayLayout, name: str) -> str:
    """Add the lines of a group of inputs, and return its tensor."""
    group, alone = layout.inputs[name], len(layout.inputs) == 1
    made = "inputs" if alone else f"inputs[{literal(name)}]"
    if not alone and not script.has("prepare"):
        script.add("prepare", "inputs = {}")
    numbers = f"arrays[{literal(group.array)}]"
    lengths = layout.lengths.get(group.array)
    if group.standardize:
        if lengths is not None:
            raise cannot_be_written("Standardized padded sequences have no lines.", ("standardize",))
        script.add("prepare", f"features = {numbers}", apart=script.has("prepare"))
        shape = next(iter(data.example.inputs[name].shape[1:]), None)
        flat = "features.reshape(len(features), -1)" if shape is None else "features"
        dense = data.example.inputs[name].dim() > 2
        numbers = add_standardized(
            script, "features" if shape is not None else flat, data.preparation[name], 'splits["training"]', dense=dense
        )
    tensor = f"torch.from_numpy({numbers}.astype(np.{group.dtype}))"
    script.add("prepare", f"{made} = {script.moved(tensor)}", apart=False)
    if lengths is not None:
        script.add(
            "prepare",
            f"{made}[np.arange({made}.shape[1]) >= arrays[{literal(lengths)}][:, None]] = 0  # The padding.",
            apart=False,
        )
    return made


def _targets(source: "NPZ", script: Script, data: "Data", layout: ArrayLayout) -> dict[str, str]:
    """Add the lines of the targets, and return their tensors."""
    encodings: dict[str, Any] = dict(layout.encodings)
    for name, given in classes_of(source.classes, layout.targets).items():
        encodings[name] = encodings[name].with_classes(given, "")
    if len(layout.targets) > 1:
        script.add("prepare", "targets = {}")
    made: dict[str, str] = {}
    for name, several in layout.targets.items():
        if any(array in layout.lengths for array in several):
            raise cannot_be_written("The lengths of targets have no lines.", ("lengths",))
        known, encoding = data.targets[name], encodings[name]
        columns: dict[str, str] = {}
        for array in several:
            code = f"arrays[{literal(array)}]"
            parts = [column for column in known.columns if column.startswith(f"{array}[")]
            if parts and (isinstance(encoding, Labels) or len(several) > 1):
                columns |= {f"{array}[{index}]": f"{code}[:, {index}]" for index in range(len(parts))}
            else:
                variable_ = variable(array)
                script.add("read", f"{variable_} = {code}", apart=False)
                columns[array] = variable_
        made[name] = "targets" if len(layout.targets) == 1 else f"targets[{literal(name)}]"
        expression = encoding.eject(script, columns, known, 'splits["training"]')
        script.add("prepare", f"{made[name]} = {script.moved(expression)}", apart=False)
    return made
