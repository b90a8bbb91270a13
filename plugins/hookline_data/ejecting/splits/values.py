"""The lines that split rows by the cells of a column."""

from typing import TYPE_CHECKING

from hookline.script import Script, literal
from hookline_data.splitting.names import REST, UNUSED

if TYPE_CHECKING:
    from hookline_data.rows.split_rows import SplitRows


def add_values(script: Script, source: "SplitRows", cells: str) -> None:
    """Add the lines that define `splits`, of which the cells of a column are the names, or stand for them."""
    values = source.values_of_splits
    if values is None:
        names = ("training", "validation", "test")
        script.add("split", f"splits = {{split: np.flatnonzero({cells} == split) for split in {literal(names)}}}")
        return
    listed = {split: [one for one in several if one != REST] for split, several in values.items()}
    rest = next((split for split, several in values.items() if REST in several), UNUSED)
    used = {split: several for split, several in listed.items() if split != UNUSED and several}
    script.add("split", f"values = {literal(used)}")
    code = f"np.flatnonzero(np.isin({cells}.astype(str), some))"
    script.add("split", f"splits = {{split: {code} for split, some in values.items()}}", apart=False)
    if rest == UNUSED:
        return
    known = [one for several in listed.values() for one in several]
    others = [one for one in known if one not in listed[rest]]
    made = f"np.flatnonzero(~np.isin({cells}.astype(str), {literal(others)}))  # All other values, too."
    script.add("split", f'splits["{rest}"] = {made}', apart=False)
