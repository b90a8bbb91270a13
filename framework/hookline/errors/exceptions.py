"""The exceptions that Hookline raises deliberately, with their diagnostics: what was found, where, and what is allowed.

Everything that a user can correct (a spec, a data file, a plugin) is reported by one of these, not by a traceback.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hookline.errors.diagnostic import AtOption, Diagnostic, published
from hookline.errors.text import PathElement, counted, dotted, shortened

LONGEST_COLUMN = 100
"""The maximum number of characters of a column name that a message quotes."""


class HooklineError(Exception):
    """The base class of all errors that Hookline raises deliberately. Its text is one or more sentences."""

    id: ClassVar[str] = "error"
    """The id of its diagnostics."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The diagnostics of the error; only a `SpecError` has more than one."""
        return (Diagnostic(self.id, str(self)),)


class FileError(HooklineError):
    """Raised when a file cannot be read. Names the file and the reason."""

    id = "unreadable-file"

    def __init__(self, file: str, message: str):
        """Create the error from the path as the user gave it, and the reason as a sentence."""
        self.file, self.message = file, message
        super().__init__(f"{file}: {message}")

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The reason, without the path of the file."""
        return (Diagnostic(self.id, self.message),)


def notes_of(error: BaseException) -> tuple[str, ...]:
    """The notes of an error, in sentences, such as failures while files were closed after it."""
    return tuple(getattr(error, "__notes__", ()))


class HooklineWarning(UserWarning):
    """A warning about a spec that can be trained: `warnings.warn(HooklineWarning(message, path))`."""

    def __init__(self, message: str, path: Sequence[PathElement] = (), *, id: str = "warning"):  # noqa: A002
        """Create the warning from a message, the path of the option, and the id of the diagnostic."""
        self.diagnostic = Diagnostic(id, message, tuple(path), severity="warning")
        super().__init__(str(self.diagnostic))


class SpecError(HooklineError):
    """Raised when a spec cannot be run. Contains all problems of the spec."""

    def __init__(self, problems: Sequence[Diagnostic], source: str):
        """Create the error from the diagnostics, and a name of the spec for those without a place."""
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(f"{problem.place or source}: {problem}" for problem in published(problems)))

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All problems of the spec."""
        return self.problems


class DataError(HooklineError):
    """Raised when data cannot be read or does not fit the spec. Names the file, and the column or row."""

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
        """Create the error from a message and a place, which becomes part of the text and locates the option.

        Args:
            message: what is wrong, in sentences, without the place.
            file: the path of the file, or the name of another source.
            row: the row of the wrong cell, counted from 1; its column is the first one in `columns`.
            columns: the names of the columns or arrays.
            element: the wrong element of the list in the cell, counted from 1.
            option: the path of the option of the data source, if known; `()` for the source as a whole.

        """
        self.message, self.file, self.row, self.element = message, file, row, element
        self.columns, self.option = tuple(columns), None if option is None else tuple(option)
        place = str(file) if file is not None else "" if option is None else dotted(("data", *option))
        cell = f'row {row}, column "{shortened(self.columns[0], LONGEST_COLUMN)}"' if row and self.columns else ""
        cell += f", element {element}" if element else ""
        super().__init__(": ".join(part for part in (place, cell, message) if part))

    def changed(self, **arguments: Any) -> "DataError":
        """The same error with other arguments, such as a file that was not known before."""
        known = {name: getattr(self, name) for name in ("file", "row", "columns", "element", "option")}
        return DataError(self.message, **{**known, **arguments})


class UnreadableRowsError(DataError):
    """Raised when rows of data cannot be read. Lists the first ones, and counts all."""

    id = "unreadable-rows"

    def __init__(self, problems: Sequence[DataError], *, unreadable: int, rows: int):
        """Create the error from the errors of the first unreadable rows, their number, and that of all rows."""
        self.problems, self.unreadable, self.rows = tuple(problems), unreadable, rows
        listed = [f"\n  {problem.changed(file=None)}" for problem in problems]
        if (rest := unreadable - len({problem.row for problem in problems})) > 0:
            listed.append(f"\n  … and {rest:,} more")
        file = next((problem.file for problem in problems), None)
        super().__init__(f"{unreadable:,} of {counted(rows, 'row')} cannot be read:{''.join(listed)}", file=file)


class RunError(HooklineError):
    """Raised when a finished run cannot be used: a file is missing or damaged, or something else is needed."""

    id = "unusable-run"


class StorageError(HooklineError):
    """Raised when a storage of studies cannot be used: it cannot be reached, or has no such study."""

    id = "unusable-storage"


class CheckpointError(RunError):
    """Raised when a checkpoint cannot be written or read, or does not fit the training that is to be resumed."""

    id = "unusable-checkpoint"


class MismatchError(AtOption, HooklineError):
    """Raised when a part of the spec does not fit the rest, the data or this machine. Names the part."""

    def __init__(
        self,
        message: str,
        path: Sequence[PathElement] = (),
        *,
        against: Sequence[Sequence[PathElement]] = (),
        id: str = "mismatch",  # noqa: A002
    ):
        """Create the error from a message, a path, the paths of conflicting parts, and the id of the diagnostic."""
        self.diagnostic = Diagnostic(id, message, tuple(path), related=tuple(tuple(other) for other in against))
        super().__init__(str(self.diagnostic))

    @property
    def message(self) -> str:
        """The message without the path."""
        return self.diagnostic.message

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The diagnostic of the error."""
        return (self.diagnostic,)

    def within(self, *path: PathElement) -> "MismatchError":
        """The same error with these keys and indices prepended to its path."""
        made = MismatchError.__new__(type(self), str(self))
        made.diagnostic = self.diagnostic.within(*path)
        made.args = (str(made.diagnostic),)
        return made


class PluginError(HooklineError):
    """Raised when a plugin is not installed, cannot be loaded, or is incompatible."""

    id = "unusable-plugin"

    def __init__(self, message: str, listed: str | None = None, *, file: str | Path | None = None):
        """Create the error from a message, the name in `plugins` if listed, and the file of a local plugin."""
        self.message, self.listed, self.file = message, listed, None if file is None else str(file)
        super().__init__(message if file is None else f"{file}: {message}")

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The message, without the name of the file."""
        return (Diagnostic(self.id, self.message),)


class StageError(HooklineError):
    """Raised when a stage fails in a plugin, or no plugin answers it. Names the stage and the plugin.

    It is also raised for a fault in the code of a component, and when a resource that a plugin opened in a stage cannot
    be closed at the end of the run.
    """

    id = "stage-failure"

    def __init__(self, message: str, path: Sequence[PathElement] = ()):
        """Create the error from a message and the path of the section that belongs to the stage or the plugin."""
        super().__init__(message)
        self.path = tuple(path)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The failure on one line, located at that section."""
        return (Diagnostic(self.id, " ".join(str(self).split()), self.path),)


class LockError(HooklineError):
    """Raised when a run cannot be reproduced or resumed with the same bits. Lists everything that has changed."""

    id = "lock-mismatch"

    def __init__(self, directory: object, changes: Sequence[str], what: str = "reproduced"):
        self.changes = tuple(changes)
        listed = "\n".join(f"  {change}" for change in changes)
        super().__init__(f"{directory} cannot be {what}:\n{listed}")


class TrainingError(HooklineError):
    """Raised when training cannot continue, for example because the loss is NaN. Names the epoch and the step."""

    id = "training-failure"


class DeploymentError(HooklineError):
    """Raised when a model cannot be deployed, or if the deployed model differs from the model in memory."""

    id = "failed-deployment"

    def __init__(self, message: str, deployed: Sequence[Path] = ()):
        """Create the error from a message, and the files in other formats that were deployed nevertheless."""
        super().__init__(message)
        self.deployed = tuple(deployed)
