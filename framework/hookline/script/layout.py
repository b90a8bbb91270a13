"""The layout of a script: sorted imports, and blank lines as ruff wants them."""


def sorted_imports(statements: set[str]) -> list[str]:
    """Return import statements as isort sorts them: the standard library first, names from one module together."""
    import sys

    plain = {one for one in statements if one.startswith("import ")}
    names: dict[str, set[str]] = {}
    for one in statements - plain:
        module, _, imported = one.removeprefix("from ").partition(" import ")
        names.setdefault(module, set()).update(name.strip() for name in imported.split(","))
    made = [(one.split()[1], one) for one in plain]
    made += [
        (module, f"from {module} import {', '.join(sorted(several, key=_order))}") for module, several in names.items()
    ]
    groups: list[list[str]] = []
    for is_standard in (True, False):
        of_group = [pair for pair in made if (pair[0].partition(".")[0] in sys.stdlib_module_names) == is_standard]
        if of_group:
            ordered = sorted(of_group, key=lambda pair: (pair[1].startswith("from "), pair[0]))
            groups.append([statement for _, statement in ordered])
    lines: list[str] = []
    for group in groups:
        lines += ["", *group] if lines else group
    return lines


def _order(name: str) -> tuple[int, str]:
    """Return the place of an imported name: constants first, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


def spaced(lines: list[str]) -> list[str]:
    """Return lines with two empty ones around functions and classes, and never more."""
    made: list[str] = []
    for line in lines:
        empty = 0
        while len(made) > empty and not made[-1 - empty]:
            empty += 1
        if not line and empty == 2:
            continue
        starts = line.startswith(("def ", "class ", "@"))
        after = bool(line) and not line.startswith((" ", ")", "]", "}")) and _is_in_function(made)
        if made and (starts or after) and not (made[-1] and made[-1].startswith("@")):
            while made and not made[-1]:
                made.pop()
            made += ["", ""]
        made.append(line)
    return made


def _is_in_function(lines: list[str]) -> bool:
    """Return whether the last line of code belongs to a function or class."""
    for line in reversed(lines):
        if line and not line.startswith((" ", ")", "]", "}")):
            return line.startswith(("def ", "class "))
    return False
