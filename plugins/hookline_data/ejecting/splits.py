"""The lines that split the rows of a table."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hookline.script import Script, cannot_be_written, literal

if TYPE_CHECKING:
    from hookline_data.rows.split_rows import SplitRows


def add_splits(script: Script, source: "SplitRows", rows: str, cells: Callable[[str], str], target: str | None) -> None:
    """Add the lines that define `splits`, the indices of the rows of each split, in the order of the file.

    Args:
        script: takes the lines.
        source: the options.
        rows: the number of rows, as code.
        cells: returns the NumPy array of the cells of a column, as code, and adds the lines that it needs.
        target: the first column of the first target.

    """
    script.use("import numpy as np")
    if source.other_files:
        raise cannot_be_written("Files of their own for splits have no lines.", (next(iter(source.other_files)),))
    if source.sampler is not None:
        raise cannot_be_written("A sampler has no lines.", ("sampler",))
    if source.split_column is not None:
        _add_values(script, source, cells(source.split_column))
        return
    for option in ("group_column", "time_column", "folds"):
        if getattr(source, option) is not None:
            raise cannot_be_written("This way to split rows has no lines.", (option,))
    validation, test = source.fractions.get("validation", 0.0), source.fractions.get("test", 0.0)
    if not validation and not test:
        script.add("split", f'splits = {{"training": np.arange({rows})}}')
        return
    column = target if source.stratify is True else source.stratify
    if column:
        if source.quantiles is not None:
            raise cannot_be_written("Quantiles of strata have no lines.", ("quantiles",))
        _add_stratified(script, source.split_seed, rows, cells(column), validation, test)
    else:
        _add_fractions(script, source.split_seed, rows, validation, test)


def _add_values(script: Script, source: "SplitRows", cells: str) -> None:
    """The cells of a column name the splits."""
    values = source.values_of_splits
    if values is None:
        names = ("training", "validation", "test")
        script.add("split", f"splits = {{split: np.flatnonzero({cells} == split) for split in {literal(names)}}}")
        return
    if any("*" in several for several in values.values()):
        raise cannot_be_written("All other values have no lines.", ("split_values",))
    listed = {split: list(several) for split, several in values.items() if split != "unused"}
    script.add("split", f"values = {literal(listed)}")
    code = f"np.flatnonzero(np.isin({cells}.astype(str), some))"
    script.add("split", f"splits = {{split: {code} for split, some in values.items()}}", apart=False)


def _add_fractions(script: Script, seed: int, rows: str, validation: float, test: float) -> None:
    parts, lines = [], []
    start = ""
    for split, fraction in (("test", test), ("validation", validation)):
        if fraction:
            name = "tested" if split == "test" else "validated"
            lines.append(f"{name} = round({fraction} * {rows})")
            stop = f"{start} + {name}" if start else name
            parts.append((split, f"order[{start + ' ' if start else ''}:{' ' if start else ''}{stop}]"))
            start = stop
    listed = {"training": f"order[{start} :]" if " " in start else f"order[{start}:]", **dict(reversed(parts))}
    first = {"test": "the test", "validation": "validation"}
    which = [first[split] for split, _ in parts]
    then = (
        f"the first are for {which[0]}{f', the next for {which[1]}' if len(which) > 1 else ''}, the others for training"
    )
    script.add(
        "split",
        "\n".join(
            [
                f"# Shuffle the rows: {then}.",
                f"order = np.random.default_rng({seed}).permutation({rows})",
                *lines,
                "splits = {",
                *(f'    "{split}": np.sort({code}),' for split, code in listed.items()),
                "}",
            ]
        ),
    )


def _add_stratified(script: Script, seed: int, rows: str, cells: str, validation: float, test: float) -> None:
    names = ["training", *(["validation"] if validation else []), *(["test"] if test else [])]
    lines = [
        "# Shuffle the rows, and divide those of each class separately.",
        f"order = np.random.default_rng({seed}).permutation({rows})",
        f"splits = {literal({name: [] for name in names})}",
        f"for name in np.unique({cells}):",
        f"    rows = order[{cells}[order] == name]",
    ]
    start = ""
    for split, fraction in (("test", test), ("validation", validation)):
        if fraction:
            name = "tested" if split == "test" else "validated"
            lines.append(f"    {name} = round({fraction} * len(rows))")
    for split, fraction in (("test", test), ("validation", validation)):
        if fraction:
            name = "tested" if split == "test" else "validated"
            stop = f"{start} + {name}" if start else name
            place = f"{start} : {stop}" if start else f":{stop}"
            lines.append(f'    splits["{split}"].extend(rows[{place}])')
            start = stop
    end = f"{start} :" if " " in start else f"{start}:"
    lines.append(f'    splits["training"].extend(rows[{end}])')
    lines.append("splits = {split: np.sort(rows) for split, rows in splits.items()}")
    script.add("split", "\n".join(lines))
