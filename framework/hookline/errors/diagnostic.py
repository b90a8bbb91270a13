"""`Diagnostic`: an error or warning, from where it is found to where it is printed."""

from collections.abc import Iterable
from typing import Literal

from attrs import evolve, frozen

from hookline.errors.source import Place
from hookline.errors.text import PathElement, dotted

Keys = tuple[PathElement, ...]

Severity = Literal["error", "warning"]

QUOTING_NOTHING = frozenset({"syntax", "not-text", "size-limit", "empty-file", "missing-section"})
"""The ids of diagnostics whose message (without the help) quotes nothing from the file."""

_NOT_QUOTED = (
    "Hookline shows lines only from .toml files that are not hidden and are below the current directory or beside the "
    "spec that you named."
)


@frozen
class Diagnostic:
    """An error or warning about a spec, a file that it names, or this machine.

    The code that finds a problem sets the id, the message and a path. Callers prepend keys to the path (`within`), the
    document adds the places in files (`Document.locate`), and the command line prints the diagnostic.
    """

    id: str
    """The kind of problem, one of `hookline.errors.ids.IDS`. It is stable: documentation and tools refer to it."""
    message: str
    """What was found and what is allowed, in sentences, without the path."""
    path: Keys = ()
    """The keys and indices that lead to the option; empty for the file as a whole."""
    help: str = ""
    """What to do, in sentences, such as a suggested name."""
    on_key: bool = False
    """Whether the last key of the path is wrong rather than its value."""
    related: tuple[Keys, ...] = ()
    """The paths of other options that it conflicts with."""
    severity: Severity = "error"
    """Whether the spec cannot be used, or is only questionable."""
    place: Place | None = None
    """The place in a text; `Document.locate` adds it."""
    related_places: tuple[Place, ...] = ()
    """The places of the related options."""

    @property
    def text(self) -> str:
        """The message and the help."""
        return f"{self.message} {self.help}".rstrip()

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.text}" if self.path else self.text

    def within(self, *keys: PathElement) -> "Diagnostic":
        """The same diagnostic with these keys and indices prepended to its paths."""
        if not keys:
            return self
        related = tuple((*keys, *other) for other in self.related)
        # `attrs.evolve` takes three times as long, which is noticeable for thousands of problems.
        return Diagnostic(self.id, self.message, (*keys, *self.path), self.help, self.on_key, related, self.severity)

    def placed(self, place: Place | None, related: tuple[Place, ...]) -> "Diagnostic":
        """The same diagnostic with its place and those of the related options."""
        own = self.id, self.message, self.path, self.help, self.on_key, self.related, self.severity
        return Diagnostic(*own, place, related)

    def public(self) -> "Diagnostic":
        """The diagnostic in a form that may be printed: it quotes nothing from a file that may not be quoted.

        The public form of a public diagnostic is the diagnostic itself.
        """
        related = tuple(place for place in self.related_places if place.source.is_quotable)
        if self.place is None or self.place.source.is_quotable:
            return self if len(related) == len(self.related_places) else evolve(self, related_places=related)
        if self.id in ("missing-section", "empty-file"):
            return Diagnostic(self.id, self.message, self.path, self.help, place=self.place)
        message = self.message if self.id in QUOTING_NOTHING else "There is a problem here."
        return Diagnostic(self.id, message, help=_NOT_QUOTED, place=self.place)


class AtOption:
    """Mixin for exceptions about a part of a spec: its path, and the paths that it conflicts with."""

    diagnostic: Diagnostic

    @property
    def path(self) -> Keys:
        """The path of the part."""
        return self.diagnostic.path

    @property
    def against(self) -> tuple[Keys, ...]:
        """The paths of the parts that conflict with it."""
        return self.diagnostic.related


def published(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The public form of each diagnostic, without duplicates: two that quote nothing may be equal."""
    return list(dict.fromkeys(diagnostic.public() for diagnostic in diagnostics))
