"""The base class of columns of numbers, which may have separators and units."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from hookline.errors import OptionError, quoted_cell
from hookline.spec import UnfitCells, spec
from hookline_columns.arrays.cells import as_floats, unparsed
from hookline_columns.filled import FilledColumn

if TYPE_CHECKING:
    import pyarrow

DIGITS = "[0-9]+"
GROUPED = "[0-9]{{1,3}}({0}[0-9]{{2,3}})*{0}[0-9]{{3}}"
"""Integers with separators, in groups of three digits, or of two as in 12,34,567."""
SPACES = r"[ \x{a0}\x{2009}\x{202f}]"
"""The spaces that separate thousands: ordinary, unbreakable and thin ones."""


@spec
class NumberColumn(FilledColumn):
    """The base class of columns of numbers. Statistics are computed in float64 from the training rows."""

    thousands: str = ""
    """The separator of thousands, as "," in "1,234.5". A space also stands for unbreakable and thin spaces."""
    decimal: Literal[".", ","] = "."
    """The decimal separator."""
    affixes: tuple[str, ...] = ()
    """What to remove before or after a number, such as `["$", "EUR", "%"]`. Removing "%" does not divide by 100."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report separators that cannot be told apart, and affixes without text."""
        yield from super().conflicts()
        if self.thousands == self.decimal:
            message = "The separator of thousands must differ from the decimal separator."
            yield OptionError("thousands", message, against=[("decimal",)])
        elif self.thousands and (len(self.thousands) > 1 or self.thousands in "+-0123456789"):
            yield OptionError("thousands", 'This must be a single character, such as ",", "." or " ".')
        for index, affix in enumerate(self.affixes):
            if not affix.strip() or re.search(r"[0-9+\-]", affix):
                yield OptionError("affixes", "An affix must have text, without digits and signs.", index)

    @property
    def has_format(self) -> bool:
        """Whether numbers are written with other separators or with affixes."""
        return bool(self.thousands or self.affixes or self.decimal != ".")

    @property
    def reads(self) -> Literal["number", "text", "any"]:
        """Text is read only if it has a format of its own."""
        return "any" if self.has_format else "number"

    def parse(self, cells: "pyarrow.Array") -> "tuple[pyarrow.Array, UnfitCells | None]":
        """Convert text to numbers."""
        import pyarrow
        from pyarrow import compute

        if not self.has_format or not pyarrow.types.is_string(cells.type):
            return as_floats(cells, "numbers"), None
        text = cells
        if self.affixes:
            some = "|".join(map(re.escape, sorted(map(str.strip, self.affixes), key=len, reverse=True)))
            text = compute.replace_substring_regex(text, rf"^([+-]?)\s*(?:{some})\s*([+-]?)", r"\1\2")
            text = compute.replace_substring_regex(text, rf"\s*(?:{some})$", "")
        separator = SPACES if self.thousands == " " else re.escape(self.thousands)
        whole = f"(?:{DIGITS}|{GROUPED.format(separator)})" if self.thousands else DIGITS
        point = re.escape(self.decimal)
        pattern = rf"^[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?$"
        is_number = compute.match_substring_regex(text, pattern)
        if self.thousands:
            text = compute.replace_substring_regex(text, separator, "")
        text = compute.replace_substring(text, self.decimal, ".") if self.decimal != "." else text
        text = compute.replace_substring_regex(text, r"^\+", "")
        numbers = compute.if_else(is_number, text, pyarrow.scalar(None, text.type)).cast(pyarrow.float64())
        return numbers, unparsed(cells, numbers, lambda cell: f"{quoted_cell(cell)} is not a number{self._expected}.")

    @property
    def _expected(self) -> str:
        """How numbers are written, for messages, with a leading space."""
        parts = [f'"{self.thousands}" between thousands'] if self.thousands else []
        parts += [f'the decimal separator "{self.decimal}"'] if self.decimal != "." else []
        return f" with {' and '.join(parts)}" if parts else ""
