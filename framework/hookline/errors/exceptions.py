"""The exceptions that Hookline raises on purpose. Each carries diagnostics: what was found, where, and what is allowed.

Whatever a person can mend (a spec, a data file, a plugin) is reported by one of these and never by a traceback.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar

from attrs import evolve

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


class InvalidValueError(ValueError):
    """Raised for a value that is not allowed, where nothing is known of its place; the reader adds the path.

    Validators of options may raise a plain `ValueError` instead, whose id is "invalid-value".
    """

    def __init__(self, id: str, message: str, help: str = ""):  # noqa: A002
        """The id of the diagnostic, what was found and allowed, and what to do."""
        self.diagnostic = Diagnostic(id, message, help=help)
        super().__init__(self.diagnostic.text)


class OptionError(ValueError):
    """Raised by a spec class for options that do not go together: names an option and says what is wrong.

    The reader reports it at the option's path. Classes that check a single option raise a plain `ValueError` from its
    validator instead.
    """

    def __init__(
        self,
        option: str,
        message: str,
        *within: PathElement,
        on_key: bool = False,
        against: Sequence[Sequence[PathElement]] = (),
        near: Path | None = None,
        id: str = "conflicting-options",  # noqa: A002
        help: str = "",  # noqa: A002
    ):
        """The option, and the path of the place in its value, if it is not the value as a whole.

        `on_key` says that the last key of this is wrong, and not its value. `against` are the paths of what it does not
        go together with, from where the option's path begins. `near` is the file that was probably meant, which is
        offered as the spec would name it. `id` is that of the diagnostic, and `help` says what to do.
        """
        related = tuple(tuple(path) for path in against)
        self.diagnostic = Diagnostic(id, message, (option, *within), help, on_key, related)
        self.near = near
        super().__init__(self.diagnostic.text)

    @property
    def path(self) -> Keys:
        """The option, and the place in its value."""
        return self.diagnostic.path

    @property
    def against(self) -> tuple[Keys, ...]:
        """The paths of what it does not go together with."""
        return self.diagnostic.related

    def within(self, *path: PathElement) -> "OptionError":
        """The same error, seen from outside: its paths begin with these keys and indices."""
        return self._as(self.diagnostic.within(*path))

    def at(self, *path: PathElement) -> "OptionError":
        """The same error of a component that stands here, where `against` are paths of the whole spec already."""
        return self._as(evolve(self.diagnostic.within(*path), related=self.against))

    def related_to(self, *paths: Keys) -> "OptionError":
        """The same error, which conflicts with what stands at these paths."""
        return self._as(evolve(self.diagnostic, related=paths))

    def _as(self, diagnostic: Diagnostic) -> "OptionError":
        made = type(self).__new__(type(self), str(self))
        made.diagnostic, made.near = diagnostic, self.near
        return made


class FaultError(OptionError):
    """A fault in the code of a component while a spec was checked, located like any other mistake.

    It is reported only if nothing else is wrong: the code may have failed over an option that is missing or wrong.
    """

    def __init__(self, option: str, message: str, *within: PathElement):
        """The option or section, and what failed."""
        super().__init__(option, message, *within, id="plugin-failure")


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
    """A run that cannot be repeated to the same bits; `changes` lists what has changed since."""

    id = "lock-mismatch"

    def __init__(self, directory: object, changes: Sequence[str]):
        self.changes = tuple(changes)
        listed = "\n".join(f"  {change}" for change in changes)
        super().__init__(f"{directory} cannot be repeated:\n{listed}")


class TrainingError(HooklineError):
    """A training that cannot continue, for example because the loss is NaN; names the epoch and the step."""

    id = "training-failure"
