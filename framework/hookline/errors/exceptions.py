"""Errors for people: each says in a sentence what was found, where, and what is allowed.

Whatever a person can mend (a spec, a data file, a plugin) is told by one of these and never by a traceback.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import evolve, frozen

from hookline.errors.source import Place
from hookline.errors.text import PathElement, dotted


class HooklineError(Exception):
    """The base of all errors that Hookline raises on purpose; its text is one or more sentences."""


class FileError(HooklineError):
    """A file that cannot be read: names it, and says why."""

    def __init__(self, file: str, message: str):
        """The file as it was named, and the reason as a sentence."""
        self.file, self.message = file, message
        super().__init__(f"{file}: {message}")


def notes_of(error: BaseException) -> tuple[str, ...]:
    """What is said of an error beside itself, in sentences: what failed when everything was closed after it."""
    return tuple(getattr(error, "__notes__", ()))


class HooklineWarning(UserWarning):
    """Something in a spec that can be trained and is doubtful: names its place in the spec."""


class OptionError(ValueError):
    """Raised by a spec class for options that do not go together: names an option and says what is wrong.

    The reader turns it into a `Problem` at the option's path. Classes that check a single option raise a plain
    `ValueError` from its validator instead.
    """

    def __init__(
        self,
        option: str,
        message: str,
        *within: PathElement,
        on_key: bool = False,
        against: Sequence[Sequence[PathElement]] = (),
        near: Path | None = None,
    ):
        """The option, and the path of the place in its value, if it is not the value as a whole.

        `on_key` says that the last key of this is wrong, and not its value. `against` are the paths of what it does not
        go together with, from where the option's path begins. `near` is the file that was probably meant, which is
        offered as the spec would name it.
        """
        super().__init__(message)
        self.path = (option, *within)
        self.on_key = on_key
        self.against = tuple(tuple(path) for path in against)
        self.near = near

    def within(self, *path: PathElement) -> "OptionError":
        """The same error, seen from outside: its paths begin with these keys and indices."""
        whole = (*path, *self.path)
        against = [(*path, *other) for other in self.against]
        return OptionError(str(whole[0]), str(self), *whole[1:], on_key=self.on_key, against=against, near=self.near)


class FaultError(OptionError):
    """A fault in the code of a component that was asked about a spec, located like any other problem.

    It is reported only if nothing else is wrong: the code may have failed over an option that is missing or wrong.
    """


@frozen
class Problem:
    """One thing that is wrong with a spec."""

    message: str
    """What was found and what is allowed, without the path."""
    path: tuple[PathElement, ...] = ()
    """The keys and indices that lead to the place, empty for the file as a whole."""
    on_key: bool = False
    """Whether it is the last key of the path that is wrong, rather than its value."""
    against: tuple[tuple[PathElement, ...], ...] = ()
    """The paths of what it does not go together with."""
    place: Place | None = None
    """Where it stands, if it stands in a text."""
    against_places: tuple[Place, ...] = ()
    """Where that stands which it does not go together with."""

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.message}" if self.path else self.message

    def public(self) -> "Problem":
        """The problem as it may be printed: of a file that is not a spec by name and place nothing is quoted.

        That a section is missing quotes nothing. Printing a public problem once more changes nothing.
        """
        against = tuple(place for place in self.against_places if place.source.is_quotable)
        if self.place is None or self.place.source.is_quotable:
            return self if len(against) == len(self.against_places) else evolve(self, against_places=against)
        is_missing = len(self.path) == 1 and _MISSING.fullmatch(self.message) is not None
        if is_missing or self.message == EMPTY:
            return Problem(self.message, self.path, place=self.place)
        said = _WITHOUT_QUOTES.match(self.message)
        return Problem(f"{said[0] if said else 'Something is wrong here.'} {_NOT_QUOTED}", place=self.place)


def published(problems: Iterable[Problem]) -> list[Problem]:
    """The problems as they may be printed, each once: two that quote nothing may be equal."""
    return list(dict.fromkeys(problem.public() for problem in problems))


EMPTY = "The file is empty."
"""What is said of a file in which nothing is."""

_MISSING = re.compile(r"This is missing\. It must be an? [a-z ]+ \(a table with a `type`\)\.")
"""What is said of a section that is missing."""


_WITHOUT_QUOTES = re.compile(
    r"This is not TOML\.|This is not a spec: the file has more than \d+ KiB\.|The file is not text in UTF-8\."
)
"""What is said of a file that says nothing of what is in it."""

_NOT_QUOTED = (
    "Lines are shown only of .toml files that are not hidden and lie below the current directory or beside the spec "
    "that you named."
)


class SpecError(HooklineError):
    """A spec that cannot be run, with all of its problems."""

    def __init__(self, problems: Sequence[Problem], source: str):
        """The problems, and what to call the spec where a problem has no place of its own."""
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(f"{problem.place or source}: {problem}" for problem in published(problems)))


class DataError(HooklineError):
    """Data that cannot be read, or that does not fit the spec: names the file, and the column or row."""


class MisfitError(HooklineError):
    """A part of the spec that does not fit the others, the data or this machine: names its place in the spec."""

    def __init__(
        self, message: str, path: Sequence[PathElement] = (), *, against: Sequence[Sequence[PathElement]] = ()
    ):
        """The message, the path of the place, and the paths of what it does not fit."""
        self.message = message
        self.path = tuple(path)
        self.against = tuple(tuple(other) for other in against)
        super().__init__(str(Problem(message, self.path)))

    def within(self, *path: PathElement) -> "MisfitError":
        """The same error, seen from outside: its path begins with these keys and indices."""
        return MisfitError(self.message, (*path, *self.path), against=[(*path, *other) for other in self.against])


class PluginError(HooklineError):
    """A plugin that is not installed, cannot be loaded, or does not fit in."""

    def __init__(self, message: str, listed: str | None = None):
        """The message, and the plugin as the spec lists it, if it does."""
        super().__init__(message)
        self.listed = listed


class StageError(HooklineError):
    """A stage that failed inside a plugin, or that nobody answered: names the stage and the plugin.

    Or what a plugin had opened in a stage, and could not close when the run ended.
    """

    def __init__(self, message: str, path: Sequence[PathElement] = ()):
        """The message, and the path of the section of the spec that the stage, or the plugin, is about."""
        super().__init__(message)
        self.path = tuple(path)


class LockError(HooklineError):
    """A run that cannot be trained again to the same bits: says, item by item, what has changed since."""

    def __init__(self, directory: object, changes: Sequence[str]):
        self.changes = tuple(changes)
        listed = "\n".join(f"  {change}" for change in changes)
        super().__init__(f"{directory} cannot be trained again as it was:\n{listed}")


class TrainingError(HooklineError):
    """A training that cannot go on, such as one whose loss is NaN: names the epoch and the step."""
