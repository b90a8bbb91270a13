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
    validation, test = source.fractions.get("validation", 0.0), source.fractions.get("test", 0.0)
    if not validation and not test and source.folds is None:
        script.add("split", f'splits = {{"training": np.arange({rows})}}')
        return
    column = target if source.stratify is True else source.stratify
    strata = cells(column) if column else None
    if strata is not None and source.quantiles is not None:
        script.add("split", f"limits = np.quantile({strata}, np.arange(1, {source.quantiles}) / {source.quantiles})")
        script.add("split", f'ranges = np.searchsorted(np.unique(limits), {strata}, side="right")', apart=False)
        strata = "ranges"
    if source.time_column is not None:
        if source.folds is not None:
            raise cannot_be_written("Folds of times have no lines.", ("folds",))
        _add_times(script, cells(source.time_column), rows, validation, test, source.gap)
    elif source.group_column is not None:
        if source.folds is not None or strata is not None:
            raise cannot_be_written("Balanced groups have no lines.", ("group_column",))
        _add_groups(script, source.split_seed, cells(source.group_column), rows, validation, test)
    elif source.folds is not None:
        _add_folds(script, source, strata, rows, test)
    elif strata is not None:
        _add_stratified(script, source.split_seed, rows, strata, validation, test)
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


def _add_folds(script: Script, source: "SplitRows", strata: str | None, rows: str, test: float) -> None:
    """One of several folds is for validation; the test rows are the same for all folds."""
    if not test:
        script.add("split", f"splits = {{}}\nknown = np.arange({rows})")
    elif strata is None:
        _add_fractions(script, source.split_seed, rows, 0.0, test)
        script.add("split", 'known = splits["training"]')
    else:
        _add_stratified(script, source.split_seed, rows, strata, 0.0, test)
        script.add("split", 'known = splits["training"]')
    lines = [f"# Shuffle the other rows, and deal them to {source.folds} folds in turn."]
    lines.append(f"order = np.random.default_rng({source.split_seed}).permutation(len(known))")
    if strata is not None:
        lines[0] = f"# Shuffle the other rows, sort them by class, and deal them to {source.folds} folds in turn."
        lines += [
            f"names = list(dict.fromkeys({strata}[known].tolist()))",
            f"ranks = np.array([names.index(name) for name in {strata}[known].tolist()])",
            'order = order[np.argsort(ranks[order], kind="stable")]',
        ]
    lines += [
        "fold = np.empty(len(known), dtype=int)",
        f"fold[order] = np.arange(len(known)) % {source.folds}",
        f'splits |= {{"training": known[fold != {source.fold}], "validation": known[fold == {source.fold}]}}',
    ]
    script.add("split", "\n".join(lines), apart=False)


def _add_groups(script: Script, seed: int, cells: str, rows: str, validation: float, test: float) -> None:
    """All rows of a group are in the same split."""
    fractions = {name: share for name, share in (("test", test), ("validation", validation)) if share}
    lines = [
        "# Take the groups in random order: those that bring the test split nearer to its size, then those of the",
        "# validation split. The other groups are for training.",
        f"_, group_of_row, sizes = np.unique({cells}, return_inverse=True, return_counts=True)",
        'split_of_group = ["training"] * len(sizes)',
        f"order = np.random.default_rng({seed}).permutation(len(sizes))",
        f"for split, fraction in {literal(fractions)}.items():",
        f"    missing = round(fraction * {rows})",
        "    for group in order:",
        '        if split_of_group[group] == "training" and sizes[group] < 2 * missing:',
        "            split_of_group[group] = split",
        "            missing -= sizes[group]",
        "split_of_row = np.array(split_of_group)[group_of_row]",
        f"splits = {{split: np.flatnonzero(split_of_row == split) for split in {literal(('training', *fractions))}}}",
    ]
    script.add("split", "\n".join(lines))


def _add_times(script: Script, times: str, rows: str, validation: float, test: float, gap: int) -> None:
    """The earliest rows are for training, the latest for the test."""
    names, places = ["training"], []
    lines = [
        "# Sort the rows by time, and divide them where the time changes, as near as possible to the wanted sizes.",
        f'order = np.argsort({times}, kind="stable")',
        f"changes = np.flatnonzero({times}[order][1:] != {times}[order][:-1]) + 1",
    ]
    if test:
        lines.append(f"before_test = {rows} - round({test} * {rows})")
        places.append("before_test")
        names.append("test")
    if validation:
        before = "before_test" if test else rows
        lines.append(f"before_validation = {before} - round({validation} * {rows})")
        places.insert(0, "before_validation")
        names.insert(1, "validation")
    comma = "," if len(places) == 1 else ""
    starts = [f"start_of_{name}" for name in names[1:]]
    left = f"{starts[0]}," if len(starts) == 1 else ", ".join(starts)
    lines.append(f"{left} = (changes[np.abs(changes - place).argmin()] for place in ({', '.join(places)}{comma}))")
    lines.append("splits = {")
    for index, name in enumerate(names):
        first = starts[index - 1] if index else ""
        last = starts[index] if index < len(starts) else ""
        last = f"{last} - {gap}" if last and gap else last
        place = f"{first} : {last}" if first and last else f"{first} :" if first else f": {last}" if gap else f":{last}"
        place = place.replace(f"{first} :", f"{first}:", 1) if not last else place
        lines.append(f'    "{name}": np.sort(order[{place}]),')
    lines.append("}")
    if gap:
        lines[0] = lines[0].removesuffix(".") + ",\n# and leave out the last rows before each boundary."
    script.add("split", "\n".join(lines))
