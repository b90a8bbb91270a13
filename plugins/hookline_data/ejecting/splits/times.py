"""The lines that split rows by time."""

from hookline.script import Script

NEAREST = '''
def nearest(changes, place):
    """Return the change that is nearest to a place."""
    return changes[np.abs(changes - place).argmin()]
'''


def add_times(script: Script, times: str, rows: str, validation: float, test: float, gap: int) -> None:
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
    starts = [f"start_of_{name}" for name in names[1:]]
    if len(places) == 1:
        lines.append(f"{starts[0]} = changes[np.abs(changes - {places[0]}).argmin()]")
    else:
        nearest = "changes[np.abs(changes - place).argmin()]"
        lines.append(f"{', '.join(starts)} = ({nearest} for place in ({', '.join(places)}))")
    lines.append("splits = {")
    for index, name in enumerate(names):
        first = starts[index - 1] if index else ""
        last = starts[index] if index < len(starts) else ""
        last = f"{last} - {gap}" if last and gap else last
        place = (
            f"{first}{' : ' if gap else ':'}{last}"
            if first and last
            else f"{first} :"
            if first
            else f": {last}"
            if gap
            else f":{last}"
        )
        place = place.replace(f"{first} :", f"{first}:", 1) if not last else place
        lines.append(f'    "{name}": np.sort(order[{place}]),')
    lines.append("}")
    if gap:
        lines[0] = lines[0].removesuffix(".") + ",\n# and leave out the last rows before each boundary."
    script.add("split", "\n".join(lines))


def add_folds_of_times(script: Script, times: str, rows: str, folds: int, fold: int, test: float, gap: int) -> None:
    """Add the lines of a fold: the rows before it are for training, and later ones are left out."""
    script.define(NEAREST)
    left = f" - {gap}" if gap else ""
    lines = [
        f"# Sort the rows by time, and divide them where it changes: into {folds} folds, and the rows before them.",
        f'order = np.argsort({times}, kind="stable")',
        f"changes = np.flatnonzero({times}[order][1:] != {times}[order][:-1]) + 1",
        f"known = {rows}",
    ]
    if test:
        lines[-1] = f"start_of_test = nearest(changes, {rows} - round({test} * {rows}))"
        lines += [f"known = start_of_test{left}", "changes = changes[changes < known]"]
    lines += [
        f"size = known // {folds + 1}",
        f"starts = [nearest(changes, known - back * size) for back in range({folds}, 0, -1)] + [known]",
        "splits = {",
        f'    "training": np.sort(order[: starts[{fold}]{left}]),',
        f'    "validation": np.sort(order[starts[{fold}] : starts[{fold + 1}]]),',
        *(['    "test": np.sort(order[start_of_test:]),'] if test else []),
        "}",
    ]
    script.add("split", "\n".join(lines))
