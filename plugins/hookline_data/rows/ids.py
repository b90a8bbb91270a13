"""The columns that identify rows."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline import HooklineWarning
from hookline.errors import OptionError, counted, enumerate_names, quoted_cell
from hookline.spec import to_json

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.rows.split_rows import SplitRows

RESERVED = re.compile(r"(prediction|probability|score|output|truth)(\[.*\])?")
"""The names of columns of predictions."""


def id_conflicts(given: str | tuple[str, ...]) -> Iterator[OptionError]:
    """Report columns that are listed twice, or called as a column of predictions."""
    several = (given,) if isinstance(given, str) else given
    for index, name in enumerate(several):
        within = () if isinstance(given, str) else (index,)
        if name in several[:index]:
            yield OptionError("id_columns", "The column is listed twice.", *within, id="invalid-value")
        elif RESERVED.fullmatch(name):
            message = f'Predictions have a column "{name}" of their own: rename this one in the data.'
            yield OptionError("id_columns", message, *within, id="invalid-value")


def warn_of_shared(source: "SplitRows", kept: "Mapping[str, pyarrow.Table]") -> None:
    """Warn if random splits share ids, since rows with the same id, such as a patient, may belong together."""
    is_random = source.folds is not None or source.fractions
    is_grouped = source.group_column or source.time_column or source.split_column
    if not source.id_columns or not is_random or is_grouped:
        return
    from pyarrow import compute

    known = _different(kept["training"])
    if len(known) == 1:
        return  # A constant says nothing.
    for split in (split for split in kept if split != "training" and split not in source.other_files):
        own = _different(kept[split])
        shared = own.filter(compute.is_in(own, value_set=known))
        if len(shared):
            _warn(kept["training"].column_names, split, len(shared), shared[0].as_py())
            return


def _different(kept: "pyarrow.Table") -> "pyarrow.Array":
    """Return the different ids, without those that are missing."""
    import pyarrow
    from pyarrow import compute

    first, *others = kept.columns
    if not others:
        return first.unique().drop_null()
    texts = [column.cast(pyarrow.string()) for column in kept.columns]
    return compute.binary_join_element_wise(*texts, ", ").unique().drop_null()


def _warn(names: Sequence[str], split: str, number: int, example: Any) -> None:
    remedy = f": group_column = {to_json(names[0])}" if len(names) == 1 else ""
    message = (
        f"{counted(number, 'id')} in {enumerate_names(names)}, such as {quoted_cell(str(example))}, "
        f"{'is' if number == 1 else 'are'} in both the training and the {split} split. If rows with the same id belong "
        f"together, keep them in one split{remedy}."
    )
    warnings.warn(HooklineWarning(message, ("data", "id_columns"), id="leaked-rows"), stacklevel=4)
