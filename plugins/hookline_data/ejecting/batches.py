"""The function `batches` of a script, which yields the batches of a split."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hookline.script import Script

if TYPE_CHECKING:
    from hookline.spec import DataSpec

DOCUMENTED = '"""Yield the batches of a split: the training rows of an epoch in random order, or all rows in order."""'
IN_ORDER = '"""Yield the batches of a split, with its rows in order."""'


def add_batches(script: Script, source: "DataSpec", names: Sequence[str], rows: str = "splits[split]") -> None:
    """Add the function, which takes the rows of `splits` from tensors of all rows with these names."""
    script.constants["BATCH_SIZE"] = source.batch_size
    taken = ", ".join(f"{name}[batch]" for name in names)
    lines = [
        "def batches(split, epoch=None):",
        f"    {DOCUMENTED if source.shuffle else IN_ORDER}",
        f"    rows = {rows}",
    ]
    if source.shuffle:
        script.use("import numpy as np")
        lines += ["    if epoch is not None:", "        rows = np.random.default_rng((SEED, epoch)).permutation(rows)"]
    if source.drop_last:
        lines += [
            "    if epoch is not None:  # Drop a last batch with fewer rows.",
            "        rows = rows[: len(rows) // BATCH_SIZE * BATCH_SIZE]",
        ]
    lines += [
        "    for batch in torch.from_numpy(rows).split(BATCH_SIZE):",
        f"        yield {taken}{',' if len(names) == 1 else ''}",
    ]
    script.add("batches", "\n".join(lines))
