"""A TOML text, with the places of its keys and values in messages."""

from attrs import define

from hookline.check.toml.spans import KeyPath, Spans, scan
from hookline.errors.source import Place, Source


@define(eq=False)
class Text:
    """A TOML text, which is scanned when a place in it is needed for the first time."""

    source: Source
    """The text and its name."""
    _spans: Spans | None = None

    def spans(self) -> Spans:
        """The places of its keys and values.

        Raises:
            NotASpecError: as `scan` does.

        """
        if self._spans is None:
            self._spans = scan(self.source.text)
        return self._spans

    def key(self, path: KeyPath) -> Place:
        """The place of a key; for an element of an array, the place of the element."""
        return Place(self.source, *(self.spans().keys.get(path) or self.spans().values[path]))

    def value(self, path: KeyPath) -> Place:
        """The place of a value; for a table, the place of its header, or of its key if it is defined by dotted keys."""
        return Place(self.source, *(self.spans().values.get(path) or self.spans().keys[path]))
