"""The files of one or several splits."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from hookline_data.streaming.parts.part import Part
from hookline_data.streaming.splitters import Splitter

if TYPE_CHECKING:
    import pyarrow


@frozen(kw_only=True, eq=False)
class Source:
    """The files of one or several splits, after the first pass."""

    path: Path
    """The file, or several as one."""
    examples: "pyarrow.Table"
    """Some of its rows: see `table_examples`."""
    parts: tuple[Part, ...]
    """Their parts, in the order of the files."""
    splitter: Splitter
    """Says to which split a row belongs."""
    rows: Mapping[str, int]
    """The number of rows of each of `PARTS`."""
    total: int
    """The number of rows that are not dropped."""
    missing: Mapping[str, int]
    """The number of missing cells of each column with a kind."""
    dropped: Mapping[str, int]
    """The number of rows that are dropped because a cell is missing, by its column."""
    dropped_rows: int
    """The number of rows that are dropped."""
