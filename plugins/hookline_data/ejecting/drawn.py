"""The lines that draw pairs and triplets of rows."""

from collections.abc import Mapping
from textwrap import dedent
from typing import TYPE_CHECKING

from hookline.script import BatchNames, Script, cannot_be_written, literal, refuse_inherited_lines, refuse_other_options
from hookline_data.ejecting.names import variable

if TYPE_CHECKING:
    from torch import Tensor

    from hookline import Run
    from hookline.data import Data
    from hookline.spec import Objective
    from hookline_data.drawing.drawn import Drawn

GROUPS = '''
class Groups:
    """Rows grouped by their labels, from which partners are drawn, all equally likely."""

    def __init__(self, labels):
        self.order = np.argsort(labels, kind="stable")
        _, first, group, size = np.unique(
            labels[self.order], return_index=True, return_inverse=True, return_counts=True
        )
        self.place = np.empty_like(self.order)
        self.place[self.order] = np.arange(len(labels))
        self.first, self.size = first[group][self.place], size[group][self.place]

    def same(self, random):
        """Draw another row with the same label for each row."""
        drawn = self.first + random.integers(self.size - 1)
        return self.order[drawn + (drawn >= self.place)]

    def other(self, random):
        """Draw a row with another label for each row."""
        drawn = random.integers(len(self.order) - self.size)
        return self.order[drawn + self.size * (drawn >= self.first)]
'''


def eject_drawn(
    source: "Drawn",
    script: Script,
    run: "Run",
    data: "Data",
    objective: "Objective",
    outcomes: "Mapping[str, Tensor]",
) -> BatchNames:
    """Add the lines of the source, and those that draw; `outcomes` are the encoded outcomes."""
    refuse_other_options(source, {"source", "same", "batch_size", "shuffle", "drop_last"})
    refuse_inherited_lines(source.source)
    inside = source.source.eject(script, run, data, objective)
    if inside.lengths or len(inside.inputs) != 1:
        raise cannot_be_written("Drawn sequences have no lines.", ("source",))
    script.clear("batches")
    script.constants["BATCH_SIZE"] = source.batch_size
    script.define(GROUPS)
    if outcomes:
        [encoded] = outcomes.values()
        tensor = f"torch.tensor({literal(encoded.tolist())})"
        dtype = f", dtype=torch.{script.dtype}" if script.dtype != "float32" else ""
        tensor = tensor.replace("])", f"]{dtype})") if dtype and encoded.is_floating_point() else tensor
        what = f'{source.outcomes[0]}" and "{source.outcomes[1]}'
        script.add("prepare", f'outcomes = {script.moved(tensor)}  # "{what}"', apart=False)
    lines = ["rows = splits[split]", "labels = targets[rows].flatten().cpu().numpy()", "groups = Groups(labels)"]
    lines += ["random = np.random.default_rng(0 if epoch is None else (SEED, epoch, 1))"]
    lines += dedent(source.drawing_lines()).strip("\n").splitlines()
    lines += ["order = np.arange(len(rows))"]
    if source.shuffle:
        lines += ["if epoch is not None:", "    order = np.random.default_rng((SEED, epoch)).permutation(len(rows))"]
    if source.drop_last:
        lines += ["if epoch is not None:", "    order = order[: len(order) // BATCH_SIZE * BATCH_SIZE]"]
    each = "(inputs[rows[places[batch]]] for places in drawn)"
    more = ", outcomes[outcome[batch]]" if outcomes else ""
    lines += [
        "for start in range(0, len(order), BATCH_SIZE):",
        "    batch = order[start : start + BATCH_SIZE]",
        f"    yield *{each}{more}" if more else f"    yield tuple{each}",
    ]
    text = [
        "def batches(split, epoch=None):",
        '    """Yield batches of rows and partners, which are drawn anew in each epoch."""',
        *[f"    {line}" if line else "" for line in lines],
    ]
    script.add("batches", "\n".join(text))
    return BatchNames(
        inputs={name: variable(f"x_{name}") for name in source.gives},
        targets=dict.fromkeys(outcomes, "y"),
    )
