"""Names of variables of a script, made of the names of columns."""

import keyword
import re
from collections.abc import Iterable

_WORDS = """
    batch batches before_test before_validation cells chances changes channel_means channel_stds classes
    columns count counts criterion csv data each end ends epoch evaluate features files first fold folders
    fraction free generator group group_of_row groups history holds images indices inputs ipc is_constant
    is_known is_step joined json known labels least left lengths letters limits lines loss losses mean means
    missing model name names nn np numbers one optimizer order outputs pa parts path paths paths_of pc pixels
    place places pools ranges read record results rows seen shares size sizes some split split_of_group
    split_of_row splits squares start start_of_test start_of_validation starts std stds step steps strata
    table tables target_mean target_std targets test tested times torch totals training true validated
    validation value values w weights words x y
"""
RESERVED = frozenset(_WORDS.split())
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
