"""`Diagnostic`: one thing that is wrong, or doubtful, from where it is found to where it is printed."""

from collections.abc import Iterable
from typing import Literal

from attrs import evolve, frozen

from hookline.errors.source import Place
from hookline.errors.text import PathElement, dotted

Keys = tuple[PathElement, ...]

Severity = Literal["error", "warning"]

QUOTING_NOTHING = frozenset({"syntax", "not-text", "size-limit", "empty-file", "missing-section"})
"""The ids of diagnostics whose message, without their help, quotes nothing of the file."""

_NOT_QUOTED = (
    "Lines are shown only of .toml files that are not hidden and lie below the current directory or beside the spec "
    "that you named."
)


@frozen
class Diagnostic:
    """One thing that is wrong with a spec, with what it names, or with this machine.

    Whoever finds it gives an id, a message and a path. The path grows on the way out (`within`), the document adds the
    places in files (`Document.locate`), and the command line prints it.
    """

    id: str
    """The kind of mistake, one of `hookline.errors.ids.IDS`. It is stable: documentation and tools refer to it."""
    message: str
    """What was found, and what is allowed, in sentences, without the path."""
    path: Keys = ()
    """The keys and indices that lead to the option; empty for the file as a whole."""
    help: str = ""
    """What to do about it, in sentences, such as the name that was probably meant."""
    on_key: bool = False
    """Whether the last key of the path is wrong, rather than its value."""
    related: tuple[Keys, ...] = ()
    """The paths of other options that it conflicts with."""
    severity: Severity = "error"
    """Whether it must be mended, or is only doubtful."""
    place: Place | None = None
    """Where it is in a text; `Document.locate` adds it."""
    related_places: tuple[Place, ...] = ()
    """Where the other options are."""

    @property
    def text(self) -> str:
        """The message and the help."""
        return f"{self.message} {self.help}".rstrip()

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.text}" if self.path else self.text

    def within(self, *keys: PathElement) -> "Diagnostic":
        """The same, seen from outside: its paths begin with these keys and indices."""
        if not keys:
            return self
        related = tuple((*keys, *other) for other in self.related)
        # `attrs.evolve` takes three times as long, which thousands of mistakes would show.
        return Diagnostic(self.id, self.message, (*keys, *self.path), self.help, self.on_key, related, self.severity)

    def placed(self, place: Place | None, related: tuple[Place, ...]) -> "Diagnostic":
        """The same with the places where it is, and where the related options are, in texts."""
        own = self.id, self.message, self.path, self.help, self.on_key, self.related, self.severity
        return Diagnostic(*own, place, related)

    def public(self) -> "Diagnostic":
        """The diagnostic as it may be printed: it quotes nothing of a file that is not a spec by name and place.

        Printing a public diagnostic once more changes nothing.
        """
        related = tuple(place for place in self.related_places if place.source.is_quotable)
        if self.place is None or self.place.source.is_quotable:
            return self if len(related) == len(self.related_places) else evolve(self, related_places=related)
        if self.id in ("missing-section", "empty-file"):
            return Diagnostic(self.id, self.message, self.path, self.help, place=self.place)
        message = self.message if self.id in QUOTING_NOTHING else "Something is wrong here."
        return Diagnostic(self.id, message, help=_NOT_QUOTED, place=self.place)


def published(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics as they may be printed, each once: two that quote nothing may be equal."""
    return list(dict.fromkeys(diagnostic.public() for diagnostic in diagnostics))
