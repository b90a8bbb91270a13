"""Names from other tools, read from `other_tools.toml` when an unknown name is looked up for the first time."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tomli
from attrs import frozen


@frozen
class Meaning:
    """The meaning of a key of another tool."""

    places: tuple[tuple[str, ...], ...]
    """Paths of options, the best one first: `("run", "epochs")`, or `("callbacks", "EarlyStopping", "patience")`. For a
    whole component, its section and type; for a section, its name."""
    note: str
    """Sentences to add to the message; the whole message if there are no places."""
    example: Any = None
    """A value to show instead of the given one."""


def meaning(key: str) -> Meaning | None:
    """The meaning of a key of another tool."""
    return _keys().get(_normal(key))


def section(key: str) -> str | None:
    """The section that a key at the top of a spec means."""
    return _sections().get(_normal(key))


def types(name: str) -> tuple[str, ...]:
    """The types that a name may mean, the best first."""
    return _types().get(name.lower(), ())


def type_note(name: str) -> str:
    """What to write instead of a type of another tool, in a sentence; empty if unknown."""
    return _type_notes().get(name.lower(), "")


@cache
def _table() -> Mapping[str, Any]:
    return tomli.loads((Path(__file__).parent / "other_tools.toml").read_text(encoding="utf-8"))


@cache
def _keys() -> dict[str, Meaning]:
    return {
        word: Meaning(
            tuple(tuple(place.split(".")) for place in entry.get("means", ())),
            entry.get("note", ""),
            entry.get("example"),
        )
        for entry in _table()["keys"]
        for word in entry["words"].split()
    }


@cache
def _sections() -> dict[str, str]:
    return {word: entry["means"] for entry in _table()["sections"] for word in entry["words"].split()}


@cache
def _types() -> dict[str, tuple[str, ...]]:
    return {word: tuple(entry.get("means", ())) for word, entry in _type_entries()}


@cache
def _type_notes() -> dict[str, str]:
    return {word: entry["note"] for word, entry in _type_entries() if "note" in entry}


def _type_entries() -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((word.lower(), entry) for entry in _table()["types"] for word in entry["words"].split())


def _normal(key: str) -> str:
    """A key as in the table: in lower case, with underscores."""
    return key.lower().replace("-", "_").replace(" ", "_")
