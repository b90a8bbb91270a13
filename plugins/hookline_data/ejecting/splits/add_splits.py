"""The lines that split the rows of a table."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hookline.script import Script, literal
from hookline_data.ejecting.splits.groups import add_groups
from hookline_data.ejecting.splits.times import add_folds_of_times, add_times
from hookline_data.ejecting.splits.values import add_values

if TYPE_CHECKING:
    from hookline_data.rows.split_rows import SplitRows


def add_splits(
    script: Script,
    source: "SplitRows",
    rows: str,
    cells: Callable[[str], str],
    target: str | None,
    sizes: str = "[len(one) for one in tables]",
) -> None:
    """Add the lines that define `splits`, the indices of the rows of each split, in the order of the file.

    Args:
        script: takes the lines.
        source: the options.
        rows: the number of rows of the first file, as code.
        cells: returns the NumPy array of the cells of a column of all rows, as code, and adds the lines that it needs.
        target: the first column of the first target.
        sizes: the numbers of rows of all files, as code, if splits have files of their own.

    """
    script.use("import numpy as np")
    others = tuple(source.other_files)

    def own(column: str, name: str) -> str:
        """Return the cells of the first file."""
        if not others:
            return cells(column)
        script.add("split", f"{name} = {cells(column)}[: {rows}]", apart=script.has("split"))
        return name

    validation, test = source.fractions.get("validation", 0.0), source.fractions.get("test", 0.0)
    if source.split_column is not None:
        add_values(script, source, own(source.split_column, "parts"))
    elif validation or test or source.folds is not None:
        _add_parts(script, source, rows, own, target)
    elif others:
        names = literal(("training", *others))
        script.add("split", f"ends = np.cumsum({sizes})")
        parts = "np.split(np.arange(ends[-1]), ends[:-1])"
        script.add("split", f"splits = dict(zip({names}, {parts}, strict=True))", apart=False)
        return
    else:
        script.add("split", f'splits = {{"training": np.arange({rows})}}')
    add_others(script, source, sizes)


def add_others(script: Script, source: "SplitRows", sizes: str) -> None:
    """Add the rows of another file to `splits`, and those of the validation split to the training rows."""
    for split in source.other_files:  # There is a single one, since the rows of the first file are divided, too.
        script.add("split", f'splits["{split}"] = np.arange(*np.cumsum({sizes}))', apart=False)
    if source.train_on_validation:
        union = 'np.sort(np.concatenate([splits["training"], splits.pop("validation")]))'
        script.add("split", f'# Train on the validation rows, too.\nsplits["training"] = {union}', apart=False)


def _add_parts(
    script: Script, source: "SplitRows", rows: str, own: Callable[[str, str], str], target: str | None
) -> None:
    """Add the lines that divide the rows of the first file."""
    validation, test = source.fractions.get("validation", 0.0), source.fractions.get("test", 0.0)
    column = target if source.stratify is True else source.stratify
    strata = own(column, "strata") if column else None
    if strata is not None and source.quantiles is not None:
        script.add("split", f"limits = np.quantile({strata}, np.arange(1, {source.quantiles}) / {source.quantiles})")
        script.add("split", f'ranges = np.searchsorted(np.unique(limits), {strata}, side="right")', apart=False)
        strata = "ranges"
    if source.time_column is not None:
        times = own(source.time_column, "times")
        if source.folds is not None:
            add_folds_of_times(script, times, rows, source.folds, source.fold, test, source.gap)
        else:
            add_times(script, times, rows, validation, test, source.gap)
    elif source.group_column is not None:
        add_groups(script, source, own(source.group_column, "groups"), strata, rows)
    elif source.folds is not None:
        _add_folds(script, source, strata, rows, test)
    elif strata is not None:
        _add_stratified(script, source.split_seed, rows, strata, validation, test)
    else:
        _add_fractions(script, source.split_seed, rows, validation, test)


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
