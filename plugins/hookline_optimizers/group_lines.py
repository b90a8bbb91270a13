"""The parameter groups of an optimizer as lines: parameters by their names, or by patterns if there are many."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from hookline.script import Script, call, literal

if TYPE_CHECKING:
    from torch import optim

MOST_NAMES = 4
"""The largest number of parameters of a group that are named one by one."""

MATCHES = '''
def matches(name, *patterns):
    """Return whether a name matches one of the patterns, in which "*" stands for any characters."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
'''


def group_lines(script: Script, groups: Sequence[Any], built: "optim.Optimizer", known: dict[int, str]) -> str:
    """Return the list of groups of an optimizer as code. The last group has the parameters that no other selects.

    Args:
        script: takes the function that matches names.
        groups: the groups of the spec.
        built: the optimizer that was built with them.
        known: the names of the parameters by the ids of their tensors.

    """
    names = [one.name for one in script.trained]
    entries, patterns = [], list[str]()
    for index, group in enumerate(built.param_groups):
        own = [known[id(one)] for one in group["params"]]
        options: dict[str, Any] = groups[index].options() if index < len(groups) else {}
        if index < len(groups):
            given = groups[index].parameters
            patterns += [given] if isinstance(given, str) else given or []
        selection = "" if index < len(groups) else "not "
        chosen = _by_patterns(script, own, names, patterns, selection) or script.parameters(own, names)
        more = "".join(f", {literal(name)}: {literal(value)}" for name, value in options.items())
        entries.append(f'{{"params": {chosen}{more}}}')
    return "[\n" + "\n".join(f"    {entry}," for entry in entries) + "\n]"


def _by_patterns(script: Script, own: list[str], names: list[str], patterns: list[str], negated: str) -> str:
    """Return an expression that selects exactly these parameters by patterns; empty if there is none, or if few."""
    if len(own) <= MOST_NAMES or len(own) == len(names) or any(name.startswith("criterion.") for name in names):
        return ""
    matching = {name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)}
    if own != [name for name in names if (name in matching) != bool(negated)]:
        return ""
    script.use("from fnmatch import fnmatchcase")
    condition = call(script.define(MATCHES), "name", *map(literal, patterns))
    return f"[one for name, one in model.named_parameters() if {negated}{condition}]"
