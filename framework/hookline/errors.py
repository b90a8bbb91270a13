"""Errors for people: each says in a sentence what was found, where, and what is allowed.

Whatever a person can mend (a spec, a data file, a plugin) is told by one of these and never by a traceback.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from attrs import frozen

PathElement = str | int

MOST_LISTED = 24
"""How many known names a message lists at most."""


class HooklineError(Exception):
    """The base of all errors that Hookline raises on purpose; its text is one or more sentences."""


class HooklineWarning(UserWarning):
    """Something in a spec that can be trained and is doubtful: names its place in the spec."""


class OptionError(ValueError):
    """Raised by a spec class for options that do not go together: names an option and says what is wrong.

    The reader turns it into a `Problem` at the option's path. Classes that check a single option raise a plain
    `ValueError` from its validator instead.
    """

    def __init__(self, option: str, message: str, *within: PathElement):
        """The option, and the path of the place in its value, if it is not the value as a whole."""
        super().__init__(message)
        self.path = (option, *within)


@frozen
class Problem:
    """One thing that is wrong with a spec."""

    message: str
    """What was found and what is allowed, without the path."""
    path: tuple[PathElement, ...] = ()
    """The keys and indices that lead to the place, empty for the file as a whole."""
    on_key: bool = False
    """Whether it is the last key of the path that is wrong, rather than its value."""

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.message}" if self.path else self.message


class SpecError(HooklineError):
    """A spec that cannot be run, with all of its problems."""

    def __init__(self, problems: Sequence[Problem], source: str):
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))


class DataError(HooklineError):
    """Data that cannot be read, or that does not fit the spec: names the file, and the column or row."""


class MisfitError(HooklineError):
    """A part of the spec that does not fit the others, the data or this machine: names its place in the spec."""

    def __init__(self, message: str, path: Sequence[PathElement] = ()):
        self.message = message
        self.path = tuple(path)
        super().__init__(str(Problem(message, self.path)))

    def within(self, *path: PathElement) -> "MisfitError":
        """The same error, seen from outside: its path begins with these keys and indices."""
        return MisfitError(self.message, (*path, *self.path))


class PluginError(HooklineError):
    """A plugin that is not installed, cannot be loaded, or does not fit in."""


class StageError(HooklineError):
    """A stage that failed inside a plugin, or that nobody answered: names the stage and the plugin."""


class TrainingError(HooklineError):
    """A training that cannot go on, such as one whose loss is NaN: names the epoch and the step."""


def dotted(path: Sequence[PathElement]) -> str:
    """The path as one writes it: `model.layers[2].out_features`."""
    text = ""
    for element in path:
        if isinstance(element, int):
            text += f"[{element}]"
        else:
            key = element if element.replace("-", "_").isidentifier() else f'"{element}"'
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

    Of very many names the first ones are listed.
    """
    names = sorted(set(known))
    lowered = {candidate.lower(): candidate for candidate in reversed(names)}
    if near := get_close_matches(name.lower(), lowered, n=1, cutoff=0.6):
        return f' Did you mean "{lowered[near[0]]}"?'
    if len(names) > MOST_LISTED:
        others = len(names) - MOST_LISTED + 1
        return f" Known are {', '.join(map(_quoted, names[: MOST_LISTED - 1]))} and {others} others."
    return f" Known {'is' if len(names) == 1 else 'are'} {enumerate_names(names)}." if names else ""


def enumerate_names(names: Iterable[object], conjunction: str = "and") -> str:
    """The names in quotes, with commas and a conjunction before the last one.

    >>> enumerate_names(["a", "b", "c"], "or")
    '"a", "b" or "c"'
    """
    quoted = [_quoted(name) for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {conjunction} {quoted[-1]}"


def _quoted(name: object) -> str:
    return f'"{name}"'


def counted(number: int, noun: str) -> str:
    """The number and the noun, in the plural unless there is one.

    >>> counted(1, "epoch"), counted(2000, "step")
    ('1 epoch', '2,000 steps')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
