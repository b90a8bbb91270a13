"""The function `batches` of a script, which yields the batches of a split."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.script import BatchNames, Script
from hookline_data.ejecting.names import variable
from hookline_data.ejecting.transforms import TransformLines

if TYPE_CHECKING:
    from hookline.data import Data
    from hookline.spec import DataSpec

DOCUMENTED = '"""Yield the batches of a split: the training rows of an epoch in random order, or all rows in order."""'
IN_ORDER = '"""Yield the batches of a split, with its rows in order."""'
DRAWN = '"""Yield the batches of a split: training rows of an epoch, drawn with replacement, or all rows in order."""'

TRAINING = 'splits["training"]'


def add_batches(script: Script, source: "DataSpec", names: Sequence[str], rows: str = "splits[split]") -> None:
    """Add the function, which takes the rows of `splits` from tensors of all rows with these names."""
    add_function(script, source, [f"{name}[batch]" for name in names], rows=rows)


def add_function(
    script: Script,
    source: "DataSpec",
    taken: Sequence[str],
    *,
    rows: str = "splits[split]",
    epoch: Sequence[str] = (),
    each: Sequence[str] = (),
    needs_start: bool = False,
) -> None:
    """Add the function.

    Args:
        script: takes it.
        source: the source, which has the batch size.
        taken: the tensors of a batch, as code; `batch` are the indices of its rows.
        rows: the indices of the rows of a split, as code.
        epoch: the lines that make `rows` those of an epoch. Default: shuffle them, unless the source keeps their order.
        each: the lines that prepare a batch.
        needs_start: whether these use `start`, the number of rows before the batch.

    """
    script.constants["BATCH_SIZE"] = source.batch_size
    documented = DRAWN if any("choice(" in line for line in epoch) else DOCUMENTED
    lines = [f"rows = {rows}"]
    if not epoch and source.shuffle:
        script.use("import numpy as np")
        epoch = ["rows = np.random.default_rng((SEED, epoch)).permutation(rows)"]
    if not epoch:
        documented = IN_ORDER
    if source.drop_last:
        epoch = [*epoch, "rows = rows[: len(rows) // BATCH_SIZE * BATCH_SIZE]  # Drop a last batch with fewer rows."]
    if epoch:
        lines += ["if epoch is not None:", *(f"    {line}" for line in epoch)]
    if needs_start:
        lines += ["for start in range(0, len(rows), BATCH_SIZE):", "    batch = rows[start : start + BATCH_SIZE]"]
    else:
        lines += ["for batch in torch.from_numpy(rows).split(BATCH_SIZE):"]
    lines += [*(f"    {line}" for line in each), f"    yield {', '.join(taken)}{',' if len(taken) == 1 else ''}"]
    text = ["def batches(split, epoch=None):", f"    {documented}", *(f"    {line}" for line in lines)]
    script.add("batches", "\n".join(text))


class BatchLines:
    """Writes the function for a source whose tensors are in memory, and the names of its batches."""

    def __init__(self, source: Any, script: Script, data: "Data", pixels: str | None = None):
        """Take the source, and the data that it returned. `pixels` is a group of images of 8 bits."""
        self.source, self.script, self.data, self.pixels = source, script, data, pixels
        self._inputs: Mapping[str, str] = {}
        self._targets: Mapping[str, str] = {}
        self._lengths: Mapping[str, str] = {}
        self._weights: str | None = None
        self._epoch: list[str] = []

    def add_inputs(self, tensors: Mapping[str, str]) -> None:
        """Take the variable of the tensor of each group of inputs."""
        self._inputs = tensors

    def add_targets(self, tensors: Mapping[str, str]) -> None:
        """Take the variable of the tensor of each target."""
        self._targets = tensors

    def add_lengths(self, tensors: Mapping[str, str]) -> None:
        """Take the variable of the lengths of each group of sequences."""
        self._lengths = tensors

    def add_weights(self, cells: str) -> None:
        """Add the weights of all rows, given the variable of their cells."""
        self._weights = "weights"
        tensor = self.script.moved(f"torch.from_numpy({cells}.astype(np.{self.script.dtype}))")
        self.script.add("prepare", f"weights = {tensor}", apart=False)

    def add_sampler(self, weights: str | None, target: str) -> None:
        """Add the lines of a sampler, given the variable of the weights, or of the first target."""
        rows = f"{target}[{TRAINING}]"
        rows = rows if self.script.device == "cpu" else f"{rows}.cpu()"
        if weights is not None:
            lines = [f"chances = {weights}[{TRAINING}].astype(np.float64)"]
        else:
            first = next(iter(self.data.example.targets.values()))
            taken = f"({rows}.flatten() > 0).long().numpy()" if first.is_floating_point() else f"{rows}.numpy()"
            lines = [
                "# Each class has the same chance.",
                f"known = {taken}",
                "chances = 1 / np.bincount(known)[known]",
            ]
        self.script.add("prepare", "\n".join([*lines, "chances /= chances.sum()"]), apart=weights is None)
        count = "len(rows)" if self.source.num_samples is None else str(self.source.num_samples)
        self._epoch = [f"rows = np.random.default_rng((SEED, epoch)).choice(rows, {count}, p=chances)"]

    def set_epoch(self, lines: Sequence[str]) -> None:
        """Take the lines that make `rows` those of an epoch."""
        self._epoch = list(lines)

    def add(self) -> BatchNames:
        """Add the function, and return the names of a batch."""
        one_input, one_target = len(self._inputs) == 1, len(self._targets) == 1
        inputs = {name: "x" if one_input else variable(f"x_{name}") for name in self._inputs}
        lines = TransformLines(self.source, self.script, self.data, self.pixels)
        each = lines.of_inputs(self._inputs, inputs)
        taken = [inputs[name] if name in lines.images else f"{tensor}[batch]" for name, tensor in self._inputs.items()]
        others = [*self._targets.values(), *self._lengths.values(), *([self._weights] if self._weights else [])]
        taken += [f"{tensor}[batch]" for tensor in others]
        add_function(self.script, self.source, taken, epoch=self._epoch, each=each, needs_start=bool(lines.images))
        training = {name: f"{tensor}[{TRAINING}]" for name, tensor in self._inputs.items()}
        return BatchNames(
            inputs=inputs,
            targets={name: "y" if one_target else variable(f"y_{name}") for name in self._targets},
            lengths={name: "steps" if one_input else variable(f"steps_{name}") for name in self._lengths},
            weights="w" if self._weights else None,
            training={} if lines.images else training,
        )
