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
        """Where its keys and values are.

        Raises:
            NotASpecError: as `scan` does.

        """
        if self._spans is None:
            self._spans = scan(self.source.text)
        return self._spans

    def key(self, path: KeyPath) -> Place:
        """The place of a key; for an element of an array, of the element itself."""
        return Place(self.source, *(self.spans().keys.get(path) or self.spans().values[path]))

    def value(self, path: KeyPath) -> Place:
        """The place of a value; for a table with a header, of the header; for one of dotted keys, of the key."""
        return Place(self.source, *(self.spans().values.get(path) or self.spans().keys[path]))
