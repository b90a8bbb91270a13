"""Names of variables of a script, made of the names of columns."""

import keyword
import re
from collections.abc import Iterable

RESERVED = {
    *("batch", "batches", "classes", "columns", "criterion", "data", "epoch", "evaluate", "history", "known", "loss"),
    *(
        "losses",
        "mean",
        "model",
        "names",
        "np",
        "optimizer",
        "order",
        "outputs",
        "inputs",
        "targets",
        "features",
        "means",
        "stds",
        "record",
        "results",
        "rows",
        "seen",
    ),
    *("split", "splits", "std", "step", "table", "torch", "training", "test", "validation", "nn", "csv", "joined"),
}
"""Names that the script uses otherwise."""


def variable(name: str, taken: Iterable[str] = ()) -> str:
    """Return a name for a variable that is like the name of a column.

    >>> variable("petal width (cm)"), variable("mean"), variable("2nd")
    ('petal_width_cm', 'mean_cells', 'column_2nd')
    """
    made = re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_") or "column"
    made = f"column_{made}" if made[0].isdigit() else made
    if made in RESERVED or made in taken or keyword.iskeyword(made) or made in dir(__builtins__):
        made = f"{made}_cells"
    return made
