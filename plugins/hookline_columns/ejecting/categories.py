"""Kinds of categories as functions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.script import Script, literal, refuse_other_options
from hookline_columns.ejecting.numbers import documented, function, function_name
from hookline_columns.ejecting.texts import TEXTS

if TYPE_CHECKING:
    from hookline_columns.categories import CategoryColumn


def eject_categories(
    kind: "CategoryColumn", script: Script, cells: str, training: str, fitted: Mapping[str, Any], *, one_hot: bool
) -> str:
    """Add the function of a kind of categories, and return a call of it."""
    refuse_other_options(kind, {"missing", "handle_unknown", "categories", "drop", "min_frequency", "max_categories"})
    script.use("import numpy as np", "import pyarrow as pa")
    script.define(TEXTS)
    lines = CategoryLines(kind, script, fitted, one_hot=one_hot).lines()
    arguments = "cells, training" if "training" in "\n".join(lines) else "cells"
    name = function(script, function_name(type(kind).__name__), arguments, _shortened(documented(kind)), lines)
    return f"{name}({cells}{f', {training}' if 'training' in arguments else ''})"


class CategoryLines:
    """Writes the function of a kind of categories."""

    def __init__(self, kind: "CategoryColumn", script: Script, fitted: Mapping[str, Any], *, one_hot: bool):
        """Take the kind, and what it knows about the training rows."""
        self.kind, self.script, self.fitted, self.one_hot = kind, script, fitted, one_hot
        self.has_rare = bool(fitted.get("infrequent"))
        self.fills = kind.missing == "most_frequent"

    def lines(self) -> list[str]:
        """Return the lines of the function."""
        kind = self.kind
        lines = ["cells = texts(cells)", *self._learned()]
        if self.fills:
            lines.append("cells = [most_frequent if cell is None else cell for cell in cells]")
        if kind.missing == "category":
            lines.append("categories.append(None)  # A missing cell is a category of its own.")
        return [*lines, *(self._with_rare() if self.has_rare else self._without_rare())]

    def _learned(self) -> list[str]:
        """Return the lines that define `categories`, those that are `rare`, and the most frequent one."""
        kind, lines = self.kind, []
        if self.has_rare or self.fills:
            self.script.use("from collections import Counter")
            lines.append("counts = Counter(cells[row] for row in training if cells[row] is not None)")
        if kind.categories is not None:
            lines.append(f"categories = {literal(list(kind.categories))}")
        elif lines:
            lines.append(f"categories = sorted(counts{self._key})")
        else:
            lines.append(f"categories = sorted({{cells[row] for row in training}} - {{None}}{self._key})")
        if self.fills:
            names = "categories" if kind.categories is None else f"sorted(counts{self._key})"
            lines.append(f"most_frequent = max({names}, key=counts.__getitem__)")
        if not self.has_rare:
            return lines
        lines += self._rare()
        return [*lines, "categories = [name for name in categories if name not in rare]"]

    def _rare(self) -> list[str]:
        least, most = self.kind.min_frequency, self.kind.max_categories
        by_count = "sorted(categories, key=counts.__getitem__)"
        if most is not None:
            by_count += f"[: len(categories) - {most - 1}]" if most > 1 else ""
        if least is None:
            return [f"rare = set({by_count})"]
        share = f"{least} * len(training)" if isinstance(least, float) else str(least)
        lines = [f"rare = {{name for name in categories if counts[name] < {share}}}"]
        if most is not None:
            lines += [f"if len(categories) - len(rare) >= {most}:", f"    rare |= set({by_count})"]
        return lines

    @property
    def _key(self) -> str:
        """The argument that sorts categories as numbers, if this differs from the order of text."""
        from hookline_columns.arrays.spellings import NUMBER

        names: Sequence[str] = [*self.fitted["categories"], *self.fitted.get("infrequent", ())]
        if not all(map(NUMBER.fullmatch, names)) or sorted(names) == sorted(names, key=lambda one: (float(one), one)):
            return ""
        if len(set(map(float, names))) == len(names):
            return ", key=float"
        return ", key=lambda name: (float(name), name)"

    @property
    def _first(self) -> int:
        """The first category that has an input: 1 if an input is left out."""
        drop = getattr(self.kind, "drop", None)
        slots = self.kind.slots(self.fitted)
        return int(self.one_hot and (drop == "first" or (drop == "if_binary" and len(slots) == 2)))

    def _without_rare(self) -> list[str]:
        if self.one_hot:
            names = "categories[1:]" if self._first else "categories"
            return [f"return np.array([[cell == name for name in {names}] for cell in cells], dtype=np.uint8)"]
        if self.kind.refuses_unknown:
            return ["return np.array([categories.index(cell) for cell in cells])"]
        return [
            "places = {name: place for place, name in enumerate(categories)}",
            "return np.array([places.get(cell, len(categories)) for cell in cells])",
        ]

    def _with_rare(self) -> list[str]:
        """Return the lines in which the rare categories have a place together, behind the others."""
        kind = self.kind
        lines = [
            "places = {name: place for place, name in enumerate(categories)}",
            "places |= dict.fromkeys(rare, len(categories))  # Rare categories are one together.",
        ]
        unknown = "-1" if self.one_hot else "len(categories) + 1"
        if getattr(kind, "handle_unknown", "") == "infrequent_if_exist":
            unknown = "len(categories)"
        found = "places[cell]" if kind.refuses_unknown else f"places.get(cell, {unknown})"
        indices = f"np.array([{found} for cell in cells])"
        if not self.one_hot:
            return [*lines, f"return {indices}"]
        first = "1, " if self._first else ""
        made = f"(indices[:, None] == np.arange({first}len(categories) + 1)).astype(np.uint8)"
        return [*lines, f"indices = {indices}", f"return {made}"]


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) < 110 else f"{sentence[:106].rpartition(' ')[0]} …"
