"""The lines that split rows by groups."""

from typing import TYPE_CHECKING

from hookline.script import Script, literal

if TYPE_CHECKING:
    from hookline_data.rows.split_rows import SplitRows

THEN = "# then those that do so for the validation split, and leave the others for training."

BALANCED = '''
def balanced(groups, classes, shares, seed):
    """Return the part of each row: whole groups, so that each part has its share of the rows and of each class, nearly.

    Each group goes where the sum of (rows - wanted rows)^2 / wanted rows, over all classes and the total, grows least.
    """
    groups, classes = (np.unique(cells, return_inverse=True)[1] for cells in (groups, classes))
    rows = len(groups)
    counts = np.zeros((groups.max() + 1, classes.max() + 1), dtype=int)
    np.add.at(counts, (groups, classes), 1)
    sizes, totals = counts.sum(axis=1), counts.sum(axis=0)
    # Groups are taken by size, halved from step to step, in random order within a step.
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-np.frexp(sizes[order].astype(float))[1], kind="stable")]
    missing, rows_missing = np.outer(shares, totals), np.multiply(shares, rows)
    part_of_group = np.zeros(len(sizes), dtype=int)
    empty = list(range(len(shares)))

    def growth(group, part):
        size = sizes[group]
        total = size / rows * (size - 2 * rows_missing[part])
        for kind in np.flatnonzero(counts[group]):
            count = counts[group, kind]
            total += count / totals[kind] * (count - 2 * missing[part, kind])
        return total / shares[part]

    for place, group in enumerate(order):
        parts = empty if len(order) - place <= len(empty) else range(len(shares))  # Every part gets a group.
        best = min(parts, key=lambda part: growth(group, part))
        missing[best] -= counts[group]
        rows_missing[best] -= sizes[group]
        part_of_group[group] = best
        empty = [part for part in empty if part != best]
    return part_of_group[groups]
'''

FOLDS = '''
def fold_of_groups(groups, folds, seed):
    """Return the fold of each row: the largest groups first, each in the fold with the fewest rows."""
    _, groups, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sizes))
    fold_of_group, rows = np.zeros(len(sizes), dtype=int), np.zeros(folds, dtype=int)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of_group[group] = rows.argmin()
        rows[fold_of_group[group]] += sizes[group]
    return fold_of_group[groups]
'''


def add_groups(script: Script, source: "SplitRows", groups: str, strata: str | None, rows: str) -> None:
    """Add the lines that define `splits`, in which all rows of a group are in the same one."""
    validation, test = source.fractions.get("validation", 0.0), source.fractions.get("test", 0.0)
    fractions = {name: share for name, share in (("test", test), ("validation", validation)) if share}
    if fractions and strata is None:
        _add_filled(script, source.split_seed, groups, fractions, rows)
    elif fractions:
        _add_balanced(script, source.split_seed, groups, str(strata), validation, test)
    if source.folds is None:
        return
    known = ""
    if fractions:
        script.add("split", 'known = splits["training"]')
        known = "[known]"
    else:
        script.add("split", f"known = np.arange({rows})")
    if strata is None:
        script.define(FOLDS)
        made = f"fold_of_groups({groups}{known}, {source.folds}, {source.split_seed})"
    else:
        script.define(BALANCED)
        shares = f"[1 / {source.folds}] * {source.folds}"
        made = f"balanced({groups}{known}, {strata}{known}, {shares}, {source.split_seed})"
    script.add("split", f"fold = {made}", apart=False)
    parts = f'"training": known[fold != {source.fold}], "validation": known[fold == {source.fold}]'
    made = f"splits |= {{{parts}}}" if fractions else f"splits = {{{parts}}}"
    script.add("split", made, apart=False)


def _add_balanced(script: Script, seed: int, groups: str, strata: str, validation: float, test: float) -> None:
    script.define(BALANCED)
    wanted = {"training": 1 - validation - test, "validation": validation, "test": test}
    wanted = {name: share for name, share in wanted.items() if share > 0}
    lines = [
        f"shares = {literal(wanted)}",
        f"part_of_row = balanced({groups}, {strata}, list(shares.values()), {seed})",
        "splits = {split: np.flatnonzero(part_of_row == part) for part, split in enumerate(shares)}",
    ]
    script.add("split", "\n".join(lines))


def _add_filled(script: Script, seed: int, groups: str, fractions: dict[str, float], rows: str) -> None:
    which = f"the {next(iter(fractions))} split"
    parts = [(split, fraction, len(fractions) - place) for place, (split, fraction) in enumerate(fractions.items())]
    lines = [
        f"# Take the groups in random order: those that bring {which} nearer to its size,",
        "# and leave the others for training." if len(fractions) == 1 else THEN,
        f"_, group_of_row, sizes = np.unique({groups}, return_inverse=True, return_counts=True)",
        'split_of_group = ["training"] * len(sizes)',
        f"order = np.random.default_rng({seed}).permutation(len(sizes)).tolist()",
        f"for split, fraction, least in {literal(tuple(parts))}:",
        f"    missing = round(fraction * {rows})",
        '    free = [group for group in order if split_of_group[group] == "training"]',
        "    left = len(free)",
        "    for group in free:",
        "        if sizes[group] < 2 * missing and left > least:",
        "            split_of_group[group] = split",
        "            missing -= sizes[group]",
        "            left -= 1",
        "    if left == len(free):  # All groups are large: the smallest one is the best.",
        "        split_of_group[min(free, key=sizes.__getitem__)] = split",
        "split_of_row = np.array(split_of_group)[group_of_row]",
        f"splits = {{split: np.flatnonzero(split_of_row == split) for split in {literal(('training', *fractions))}}}",
    ]
    script.add("split", "\n".join(lines))
