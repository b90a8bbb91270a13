"""The errors that spec classes raise for the values of their options; the reader reports each at its option."""

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve

from hookline.errors.diagnostic import Diagnostic, Keys
from hookline.errors.text import PathElement


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
