"""Sentences that several messages share: lists of names, numbers with nouns, and the name that was probably meant."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from hookline.errors.printing import printable

PathElement = str | int

MOST_LISTED = 24
"""How many known names a message lists at most."""

LONGEST_LISTED = 40
"""How many letters of a known name a message lists at most."""


def dotted(path: Sequence[PathElement]) -> str:
    """The path as one writes it, for a message: `model.layers[2].out_features`."""
    text = ""
    for element in path:
        if isinstance(element, int):
            text += f"[{element}]"
        else:
            key = shortened(element if element.replace("-", "_").isidentifier() else _quoted(element))
            text += f".{key}" if text else key
    return text


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that begins with a space and offers the nearest known name, or lists all of them.

    >>> did_you_mean("HuberLos", ["MSELoss", "HuberLoss"])
    ' Did you mean "HuberLoss"?'
    >>> did_you_mean("Focal", ["MSELoss", "HuberLoss"])
    ' Known are "HuberLoss" and "MSELoss".'
    >>> did_you_mean("Focal", [])
    ''

    Of very many names the first ones are listed. Names may come from a file that is no table: of a long one no more is
    told than one needs to know it by.
    """
    names = sorted(set(known))
    if (near := nearest(name, names)) is not None:
        return f" Did you mean {_quoted(shortened(near))}?"
    if len(names) > MOST_LISTED:
        others = len(names) - MOST_LISTED + 1
        listed = (_quoted(shortened(name, LONGEST_LISTED)) for name in names[: MOST_LISTED - 1])
        return f" Known are {', '.join(listed)} and {others} others."
    names = [shortened(name, LONGEST_LISTED) for name in names]
    return f" Known {'is' if len(names) == 1 else 'are'} {enumerate_names(names)}." if names else ""


def nearest(name: str, known: Iterable[str], most: int | None = None) -> str | None:
    """The known name that was probably meant: that with the fewest slips, or else one that begins so, or short for it.

    A slip is a letter too many, a missing one, a wrong one, or two that changed places; upper and lower case count as
    equal. A third of the letters may be wrong, or `most` of them.

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


@lru_cache(maxsize=4096)  # What is wrong in one place of a spec is wrong in hundreds.
def _nearest(name: str, candidates: tuple[str, ...], most: int | None) -> str | None:
    typed, spelled = name.lower(), _spelled(candidates)
    found: tuple[tuple[int, bool, int, str], str] | None = None
    letters = frozenset(typed)
    for candidate, lowered, others, _ in spelled:
        longest = max(len(typed), len(lowered))
        allowed = min(max(1, longest // 3), longest - 1, *([] if most is None else [most]))
        if len(letters - others) > allowed or len(others - letters) > allowed:
            continue  # Each letter that only one of them has is a slip.
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
    # What follows is of the same word: "data_path" is not meant to be "data".
    more = [
        candidate
        for candidate, lowered, _, _ in spelled
        if len(lowered) > 3 and typed.startswith(lowered) and typed[len(lowered) : len(lowered) + 1] not in ("", "_")
    ]
    return min(begun, key=len, default=None) or next(iter(short), None) or max(more, key=len, default=None)


@lru_cache(maxsize=256)
def _spelled(candidates: tuple[str, ...]) -> list[tuple[str, str, frozenset[str], str]]:
    """The names, in lower case too, with the letters that they have and what they are called for short."""
    return [(name, name.lower(), frozenset(name.lower()), _initials(name)) for name in candidates]


def _initials(name: str) -> str:
    """What a name of several words is called for short.

    >>> _initials("learning_rate"), _initials("MeanSquaredError"), _initials("lr")
    ('lr', 'mse', '')
    """
    words = re.findall(r"[A-Z][a-z]+|[a-z]+", name[:100])
    return "".join(word[0].lower() for word in words) if len(words) > 1 else ""


def _slips(typed: str, meant: str, most: int) -> int | None:
    """How many slips lead from one to the other, or `None` if there are more than `most`.

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


def enumerate_names(names: Iterable[object], conjunction: str = "and") -> str:
    """The names in quotes, with commas and a conjunction before the last one.

    >>> enumerate_names(["a", "b", "c"], "or")
    '"a", "b" or "c"'
    """
    quoted = [_quoted(shortened(str(name))) for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {conjunction} {quoted[-1]}"


def _quoted(name: object) -> str:
    return f'"{printable(str(name))}"'


def quoted_cell(cell: object) -> str:
    r"""A cell of a file in quotes, for a message, which says no more of it than one needs to know it by.

    >>> print(quoted_cell("one\ntwo"))
    "one\ntwo"
    """
    return _quoted(shortened(str(cell), LONGEST_LISTED))


def shortened(text: str, most: int = 80) -> str:
    """A text for a message, which says no more of it than one needs to know it by."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def there_are(number: int) -> str:
    """How many elements an array has, for a message about one that it has not.

    >>> there_are(0), there_are(1), there_are(3)
    ('the array is empty', 'there is one, counted from 0', 'there are 3, counted from 0')
    """
    if number == 0:
        return "the array is empty"
    return f"there {'is one' if number == 1 else f'are {number}'}, counted from 0"


def counted(number: int, noun: str) -> str:
    """The number and the noun, in the plural unless there is one.

    >>> counted(1, "epoch"), counted(2000, "step")
    ('1 epoch', '2,000 steps')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
