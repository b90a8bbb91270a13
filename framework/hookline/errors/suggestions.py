"""Suggestions: the known name that was probably meant by an unknown one."""

import re
from collections.abc import Iterable
from functools import lru_cache

from hookline.errors.text import LONGEST_LISTED, enumerate_names, quoted, shortened

MOST_LISTED = 24
"""The maximum number of known names that a message lists."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that begins with a space and suggests the nearest known name, or lists all of them.

    >>> did_you_mean("HuberLos", ["MSELoss", "HuberLoss"])
    ' Did you mean "HuberLoss"?'
    >>> did_you_mean("Focal", ["MSELoss", "HuberLoss"])
    ' Available: "HuberLoss" and "MSELoss".'
    >>> did_you_mean("Focal", [])
    ''

    If there are many names, only the first ones are listed. Long names, which may come from a file that is not a table,
    are shortened.
    """
    names = sorted(set(known))
    if (near := nearest(name, names)) is not None:
        return f" Did you mean {quoted(shortened(near))}?"
    if len(names) > MOST_LISTED:
        others = len(names) - MOST_LISTED + 1
        listed = (quoted(shortened(name, LONGEST_LISTED)) for name in names[: MOST_LISTED - 1])
        return f" Available: {', '.join(listed)} and {others} others."
    names = [shortened(name, LONGEST_LISTED) for name in names]
    return f" Available: {enumerate_names(names)}." if names else ""


def nearest(name: str, known: Iterable[str], most: int | None = None) -> str | None:
    """The known name that was probably meant: the one with the fewest typos, or else with this prefix or initials.

    A typo is an extra, missing or wrong letter, or two swapped letters; case is ignored. At most a third of the letters
    may be wrong, or at most `most`.

    >>> nearest("rl", ["lr", "momentum"])
    'lr'
    >>> nearest("Huber", ["HuberLoss", "MSELoss"])
    'HuberLoss'
    >>> nearest("learning_rate", ["lr", "momentum"]), nearest("MSE", ["R2Score", "MeanSquaredError"])
    ('lr', 'MeanSquaredError')
    >>> nearest("AccuracyScore", ["Accuracy", "R2Score"])
    'Accuracy'
    """
    return _nearest(name[:100], tuple(sorted(set(known))), most)


@lru_cache(maxsize=4096)  # The same mistake may occur in hundreds of places.
def _nearest(name: str, candidates: tuple[str, ...], most: int | None) -> str | None:
    typed, spelled = name.lower(), _spelled(candidates)
    found: tuple[tuple[int, bool, int, str], str] | None = None
    letters = frozenset(typed)
    for candidate, lowered, others, _ in spelled:
        longest = max(len(typed), len(lowered))
        allowed = min(max(1, longest // 3), longest - 1, *([] if most is None else [most]))
        if len(letters - others) > allowed or len(others - letters) > allowed:
            continue  # Each letter that only one of them has is a typo.
        slips = _slips(typed, lowered, min(allowed, found[0][0]) if found else allowed)
        if slips is None:
            continue
        order = (slips, lowered[:1] != typed[:1], abs(len(lowered) - len(typed)), lowered)
        if found is None or order < found[0]:
            found = order, candidate
    if found is not None:
        return found[1]
    if most is not None:
        return None
    begun = [candidate for candidate, lowered, _, _ in spelled if len(typed) > 2 and lowered.startswith(typed)]
    initials = _initials(name)
    short = [
        candidate
        for candidate, _, _, initials_of in spelled
        if len(typed) > 1 and (typed == initials_of or candidate == initials)
    ]
    # The rest must belong to the same word: "data_path" does not mean "data".
    more = [
        candidate
        for candidate, lowered, _, _ in spelled
        if len(lowered) > 3 and typed.startswith(lowered) and typed[len(lowered) : len(lowered) + 1] not in ("", "_")
    ]
    return min(begun, key=len, default=None) or next(iter(short), None) or max(more, key=len, default=None)


@lru_cache(maxsize=256)
def _spelled(candidates: tuple[str, ...]) -> list[tuple[str, str, frozenset[str], str]]:
    """Each name with its lowercase form, its letters and its initials."""
    return [(name, name.lower(), frozenset(name.lower()), _initials(name)) for name in candidates]


def _initials(name: str) -> str:
    """The initials of a name of several words.

    >>> _initials("learning_rate"), _initials("MeanSquaredError"), _initials("lr")
    ('lr', 'mse', '')
    """
    words = re.findall(r"[A-Z][a-z]+|[a-z]+", name[:100])
    return "".join(word[0].lower() for word in words) if len(words) > 1 else ""


def _slips(typed: str, meant: str, most: int) -> int | None:
    """The number of typos between two words, or `None` if there are more than `most`.

    The "optimal string alignment" distance: https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance
    """
    if abs(len(typed) - len(meant)) > most:
        return None
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(typed, 1):
        before, above, row = row, before, [i]
        for j, other in enumerate(meant, 1):
            slips = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == meant[j - 2] and typed[i - 2] == other:
                slips = min(slips, above[j - 2] + 1)
            row.append(slips)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None
