"""What other tools call things, from `other_tools.toml`, which is read for a word that is not known and not before."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tomli
from attrs import frozen


@frozen
class Meaning:
    """What a key of another tool means."""

    places: tuple[tuple[str, ...], ...]
    """Places of options, the best first: `("run", "epochs")`, or `("callbacks", "EarlyStopping", "patience")`; of a
    component as a whole its section and type; of a section its name."""
    note: str
    """What else there is to say, in sentences; all there is if it has no place."""
    example: Any = None
    """A value to show in place of the one that is given."""


def meaning(key: str) -> Meaning | None:
    """What a key means that other tools have."""
    return _keys().get(_normal(key))


def section(key: str) -> str | None:
    """The section that a key at the top of a spec means."""
    return _sections().get(_normal(key))


def types(name: str) -> tuple[str, ...]:
    """The types that a name may mean, the best first."""
    return _types().get(name.lower(), ())


def type_note(name: str) -> str:
    """What to write instead of a type that there is not, in a sentence; empty if nothing is known of it."""
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
    """A key as it stands in the table: in lower case, with underscores."""
    return key.lower().replace("-", "_").replace(" ", "_")
