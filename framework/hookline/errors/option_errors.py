"""The errors that spec classes raise for the values of their options; the reader reports each at its option."""

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve

from hookline.errors.diagnostic import AtOption, Diagnostic, Keys
from hookline.errors.text import PathElement


class InvalidValueError(ValueError):
    """Raised for a value that is not allowed, by code that does not know the path; the reader adds it.

    Validators of options may raise a plain `ValueError` instead, whose id is "invalid-value".
    """

    def __init__(self, id: str, message: str, help: str = ""):  # noqa: A002
        """Create the error from the id of the diagnostic, what was found and is allowed, and what to do."""
        self.diagnostic = Diagnostic(id, message, help=help)
        super().__init__(self.diagnostic.text)


class OptionError(AtOption, ValueError):
    """Raised by a spec class for options that conflict. Names an option and says what is wrong.

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
        """Create the error for an option, or for a part of its value, to which `within` leads.

        `on_key` means that the last key of this path is wrong rather than its value. `against` are the paths of the
        options that conflict with it, relative to the same component. `near` is a file to suggest; the message names
        it as the spec would. `id` is the id of the diagnostic, and `help` says what to do.
        """
        related = tuple(tuple(path) for path in against)
        self.diagnostic = Diagnostic(id, message, (option, *within), help, on_key, related)
        self.near = near
        super().__init__(self.diagnostic.text)

    def within(self, *path: PathElement) -> "OptionError":
        """The same error with these keys and indices prepended to its paths."""
        return self._as(self.diagnostic.within(*path))

    def at(self, *path: PathElement) -> "OptionError":
        """The same error of a component at this path, where the paths in `against` start at the root of the spec."""
        return self._as(evolve(self.diagnostic.within(*path), related=self.against))

    def related_to(self, *paths: Keys) -> "OptionError":
        """The same error, in conflict with the options at these paths."""
        return self._as(evolve(self.diagnostic, related=paths))

    def _as(self, diagnostic: Diagnostic) -> "OptionError":
        made = type(self).__new__(type(self), str(self))
        made.diagnostic, made.near = diagnostic, self.near
        return made


class FaultError(OptionError):
    """A fault in the code of a component while a spec was checked, located like any other mistake.

    It is reported only if nothing else is wrong: a missing or invalid option may have caused it.
    """

    def __init__(self, option: str, message: str, *within: PathElement):
        """Create the error from the option or section, and what failed."""
        super().__init__(option, message, *within, id="plugin-failure")
