"""Name runs by what distinguishes them."""

from hookline.runs.side_by_side.cells import setting_text
from hookline.runs.side_by_side.comparison import MISSING, Comparison

LONGEST = 60
"""The maximum number of characters of the settings in a label."""


def labels(compared: Comparison) -> list[str]:
    """A label for each run: the settings in which it differs, or its directory if these do not distinguish all runs.

    The label of a run with few differences is `lr = 0.01`. Names are shortened as long as they stay different.
    """
    paths = compared.settings
    texts = [
        ", ".join(
            f"{name} = {setting_text(value, 24)}"
            for path, name in _short(paths).items()
            if (value := compared.setting(run, path)) is not MISSING
        )
        for run in compared.runs
    ]
    directories = [str(run.directory) for run in compared.runs]
    if not paths or len(set(texts)) < len(texts) or max(map(len, texts)) > LONGEST:
        return directories
    return texts


def _short(paths: list[str]) -> dict[str, str]:
    """The last part of each path; two parts if another path ends in the same one, and for types.

    >>> _short(["optimizer.lr", "model.type", "a.size", "b.size"])
    {'optimizer.lr': 'lr', 'model.type': 'model', 'a.size': 'a.size', 'b.size': 'b.size'}
    """
    found = {path: path.removesuffix(".type") for path in paths}
    last = {path: name.rpartition(".")[2] for path, name in found.items()}
    is_unique = {name: list(last.values()).count(name) == 1 for name in last.values()}
    return {path: last[path] if is_unique[last[path]] else name for path, name in found.items()}
