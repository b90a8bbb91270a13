"""Build HTML in which every text is escaped unless it is marked as HTML."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """A text that is HTML already, and is inserted as it is."""

    __slots__ = ()


EMPTY = frozenset({"meta", "link", "br", "img", "hr", "input"})
"""The elements without an end tag."""


def h(name: str, /, *content: object, **attributes: object) -> Html:
    """An element. Content and attributes are escaped unless they are `Html`; an attribute that is `None` is left out.

    A trailing underscore of an attribute is removed, and others become hyphens.

    >>> h("td", "a < b", class_="number", data_label=None)
    '<td class="number">a &lt; b</td>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(content)}</{name}>")


def join(parts: Iterable[object], separator: str = "") -> Html:
    """The parts one after the other, each escaped unless it is `Html`."""
    return Html(separator.join(part if isinstance(part, Html) else _escaped(part) for part in parts))


def _escaped(value: object) -> str:
    """A text without characters that could reorder it, as HTML."""
    text = str(value)
    if not text.isprintable():
        shown = (letter if letter.isprintable() or letter in "\n\t" else f"\\x{ord(letter):02x}" for letter in text)
        text = "".join(shown)
    return escape(text)


def table(
    heading: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[int] = (),
    class_: str | None = None,
) -> Html:
    """A table that scrolls if it is wider than the page. The columns with indices in `numbers` are aligned right."""

    def cells(name: str, row: Sequence[object]) -> Html:
        return join(
            h(name, cell, class_="number" if index in numbers else None, scope="col" if name == "th" else None)
            for index, cell in enumerate(row)
        )

    head = h("thead", h("tr", cells("th", heading))) if heading else Html("")
    body = h("tbody", *(h("tr", cells("td", row)) for row in rows))
    return h("div", h("table", head, body, class_=class_), class_="scroll", tabindex="0")


def details(summary: object, *content: object) -> Html:
    """Content that is shown after a click."""
    return h("details", h("summary", summary), *content)
