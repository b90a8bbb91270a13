"""The exceptions that Hookline raises on purpose. Each carries diagnostics: what was found, where, and what is allowed.

Whatever a person can mend (a spec, a data file, a plugin) is reported by one of these and never by a traceback.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hookline.errors.diagnostic import Diagnostic, Keys, published
from hookline.errors.text import PathElement, dotted, shortened

LONGEST_COLUMN = 100
"""How many characters of the name of a column a message quotes at most."""


class HooklineError(Exception):
    """The base of all errors that Hookline raises on purpose; its text is one or more sentences."""

    id: ClassVar[str] = "error"
    """The id of its diagnostics."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong: one thing, unless it is a `SpecError`."""
        return (Diagnostic(self.id, str(self)),)


class FileError(HooklineError):
    """A file that cannot be read: names it, and says why."""

    id = "unreadable-file"

    def __init__(self, file: str, message: str):
        """The file as it was named, and the reason as a sentence."""
        self.file, self.message = file, message
        super().__init__(f"{file}: {message}")

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The reason, without the name of the file."""
        return (Diagnostic(self.id, self.message),)


def notes_of(error: BaseException) -> tuple[str, ...]:
    """What is said of an error beside itself, in sentences: what failed when everything was closed after it."""
    return tuple(getattr(error, "__notes__", ()))


class HooklineWarning(UserWarning):
    """Something in a spec that can be trained and is doubtful: `warnings.warn(HooklineWarning(message, path))`."""

    def __init__(self, message: str, path: Sequence[PathElement] = (), *, id: str = "warning"):  # noqa: A002
        """The message, the path of the option that it is about, and the id of the diagnostic."""
        self.diagnostic = Diagnostic(id, message, tuple(path), severity="warning")
        super().__init__(str(self.diagnostic))


class SpecError(HooklineError):
    """A spec that cannot be run, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Diagnostic], source: str):
        """The diagnostics, and what to call the spec where one has no place of its own."""
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(f"{problem.place or source}: {problem}" for problem in published(problems)))

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong."""
        return self.problems


class DataError(HooklineError):
    """Data that cannot be read, or that does not fit the spec: names the file, and the column or row."""

    id = "invalid-data"

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        columns: Collection[str] = (),
        element: int | None = None,
        option: Sequence[PathElement] | None = None,
    ):
        """What is wrong, and where: all of it becomes part of the text, and leads to the option that chose it.

        Args:
            message: what is wrong, in sentences, without the place.
            file: the file, or what messages call the source.
            row: the row in which a cell of the first of the columns is wrong, counted from 1.
            columns: the columns or arrays that it is about, by name.
            element: which element of the list in the cell is wrong, counted from 1.
            option: the option of the data source that it is about, if it is known; `()` for the source as a whole.

        """
        self.message, self.file, self.row, self.element = message, file, row, element
        self.columns, self.option = tuple(columns), None if option is None else tuple(option)
        place = str(file) if file is not None else "" if option is None else dotted(("data", *option))
        cell = f'row {row}, column "{shortened(self.columns[0], LONGEST_COLUMN)}"' if row and self.columns else ""
        cell += f", element {element}" if element else ""
        super().__init__(": ".join(part for part in (place, cell, message) if part))

    def changed(self, **arguments: Any) -> "DataError":
        """The same error with other arguments, such as the file, where it was not known before."""
        known = {name: getattr(self, name) for name in ("file", "row", "columns", "element", "option")}
        return DataError(self.message, **{**known, **arguments})


class MisfitError(HooklineError):
    """A part of the spec that does not fit the others, the data or this machine: names its place in the spec."""

    def __init__(
        self,
        message: str,
        path: Sequence[PathElement] = (),
        *,
        against: Sequence[Sequence[PathElement]] = (),
        id: str = "misfit",  # noqa: A002
    ):
        """The message, the path of the place, the paths of what it does not fit, and the id of the diagnostic."""
        self.diagnostic = Diagnostic(id, message, tuple(path), related=tuple(tuple(other) for other in against))
        super().__init__(str(self.diagnostic))

    @property
    def message(self) -> str:
        """The message without the path."""
        return self.diagnostic.message

    @property
    def path(self) -> Keys:
        """The path of the place."""
        return self.diagnostic.path

    @property
    def against(self) -> tuple[Keys, ...]:
        """The paths of what it does not fit."""
        return self.diagnostic.related

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What does not fit."""
        return (self.diagnostic,)

    def within(self, *path: PathElement) -> "MisfitError":
        """The same error, seen from outside: its path begins with these keys and indices."""
        made = MisfitError.__new__(type(self), str(self))
        made.diagnostic = self.diagnostic.within(*path)
        made.args = (str(made.diagnostic),)
        return made


class PluginError(HooklineError):
    """A plugin that is not installed, cannot be loaded, or does not fit in."""

    id = "unusable-plugin"

    def __init__(self, message: str, listed: str | None = None, *, file: str | Path | None = None):
        """The message, the plugin as the spec lists it, if it does, and its file, if it was given as one."""
        self.message, self.listed, self.file = message, listed, None if file is None else str(file)
        super().__init__(message if file is None else f"{file}: {message}")

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The message, without the name of the file."""
        return (Diagnostic(self.id, self.message),)


class StageError(HooklineError):
    """A stage that failed inside a plugin, or that nobody answered: names the stage and the plugin.

    Or what a plugin had opened in a stage, and could not close when the run ended.
    """

    id = "stage-failure"

    def __init__(self, message: str, path: Sequence[PathElement] = ()):
        """The message, and the path of the section of the spec that the stage, or the plugin, is about."""
        super().__init__(message)
        self.path = tuple(path)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What failed, at that section."""
        return (Diagnostic(self.id, str(self), self.path),)


class LockError(HooklineError):
    """A run that cannot be trained again to the same bits: says, item by item, what has changed since."""

    id = "lock-mismatch"

    def __init__(self, directory: object, changes: Sequence[str]):
        self.changes = tuple(changes)
        listed = "\n".join(f"  {change}" for change in changes)
        super().__init__(f"{directory} cannot be trained again as it was:\n{listed}")


class TrainingError(HooklineError):
    """A training that cannot go on, such as one whose loss is NaN: names the epoch and the step."""

    id = "training-failure"
