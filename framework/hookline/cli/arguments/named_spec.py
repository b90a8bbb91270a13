"""The spec that a mistyped command line names, and how to change its values."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from hookline.check.load import Loader
from hookline.check.sections_for_keys import Home, homes_in, options_of
from hookline.check.toml import document as documents
from hookline.check.translate import translation
from hookline.errors.exceptions import HooklineError
from hookline.errors.text import dotted
from hookline.plugins import other_tools
from hookline.plugins.catalog import Catalog
from hookline.spec.training import SEVERAL


@frozen
class NamedSpec:
    """The spec that a command line names, as far as Hookline can read it; an empty one if it names none."""

    homes: Sequence[Home]
    """Its tables."""
    catalog: Catalog
    """The components that it may name."""

    @classmethod
    def of(cls, words: Sequence[str]) -> "NamedSpec":
        """Read the first word that is the path of a spec."""
        path = next((word for word in words[1:] if word.endswith(".toml") and Path(word).is_file()), None)
        try:
            document = documents.from_table({}) if path is None else documents.read(path, lists=SEVERAL)
            catalog = Loader().plugins(document).catalog
        except HooklineError:
            document = documents.from_table({})
            catalog = Loader().plugins(document).catalog
        return cls(list(homes_in(document.table, catalog)), catalog)

    def change(self, name: str, value: str) -> str | None:
        """Suggest how to change the value of the spec that a word names; `None` if it names none."""
        key = name.replace("-", "_")
        if any(not home.path and key in options_of(home.kind) for home in self.homes):
            return to_set(f"{key}.type" if key != "run" else "run.epochs", value)
        known = other_tools.meaning(key)
        places = [place for place in known.places if len(place) == 2] if known is not None else []
        for option, section in ((key, None), *((place[1], place[0]) for place in places)):
            for home in self.homes:
                if option in options_of(home.kind) and home.path and section in (None, home.path[0]):
                    example = None if known is None else known.example
                    return to_set(dotted((*home.path, option)), value if example is None else str(example))
        return to_set(name, value) if "." in name else None

    def translation(self, name: str, value: str) -> str | None:
        """What an option of another tool is in a spec, in a sentence; `None` if it is unknown."""
        translated = translation(name.replace("-", "_"), _number(value), self.homes, self.catalog)
        return None if translated is None else translated[0]


def to_set(path: str, value: str) -> str:
    """The sentence that suggests to set a value; with an ellipsis for a value that is not known."""
    return f"To change a value of the spec: --set {shlex.quote(f'{path}={value}') if value else f'{path}=…'}."


def _number(text: str) -> float | str:
    """A value as a spec would contain it: a number if possible, otherwise a string."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
