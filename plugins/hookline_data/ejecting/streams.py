"""The lines of a table that is streamed: how its rows are split, and their order in an epoch.

A script holds the rows in memory. It takes them in the order in which they are streamed.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from hookline.script import Script, literal
from hookline_data.ejecting.splits.add_splits import add_others, add_splits
from hookline_data.ejecting.standardize import MERGED
from hookline_data.images.transforming.batches import TransformedBatches
from hookline_data.new_rows.arrow.rows import MOST_ROWS
from hookline_data.streaming.splitters import WINDOW, splitter_of

if TYPE_CHECKING:
    from hookline.data import Data

HASHED = '''
def uniform_of_text(texts, seed):
    """Return a number from 0 to 1 for each text, which looks random and follows from the text and the seed."""

    def mixed(numbers):  # The next numbers of SplitMix64.
        numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return numbers ^ (numbers >> np.uint64(31))

    different, codes = np.unique(texts, return_inverse=True)
    numbers = np.repeat(mixed(np.array([seed], dtype=np.uint64)), len(different))
    for characters in different.view(np.uint32).reshape(len(different), -1).T:
        numbers = np.where(characters > 0, mixed(numbers ^ characters), numbers)
    return (numbers[codes] >> np.uint64(11)) * 2.0**-53
'''


class StreamLines:
    """Writes the lines of a table that is streamed."""

    def __init__(self, table: Any, script: Script, data: "Data"):
        """Take the table, and the data that it returned."""
        self.table, self.script = table, script
        training: Any = data.training
        self.training: Any = cast("Any", training.original) if isinstance(training, TransformedBatches) else training
        self.source = self.training.source

    def add_splits(self, rows: str, cells: Callable[[str], str], target: str | None) -> None:
        """Add the lines that define `splits`: see the function `add_splits`."""
        table, script = self.table, self.script
        if table.group_column is not None and table.fractions:
            self._add_hashed(cells(table.group_column), rows)
        elif table.fractions and table.split_column is None and self.source.total > WINDOW:
            self._add_windows(rows)
        else:
            add_splits(script, table, rows, cells, target)
            self._add_blocks()
            return
        add_others(script, table, "[len(one) for one in tables]")
        self._add_blocks()

    @property
    def _fractions(self) -> dict[str, float]:
        fractions = self.table.fractions
        return {split: fractions[split] for split in ("test", "validation") if split in fractions}

    def _add_hashed(self, groups: str, rows: str) -> None:
        """The split of a group follows from a hash of its name."""
        name = self.script.define(HASHED)
        groups = groups if rows == "len(table)" else f"{groups}[: {rows}]"
        lines = [
            "# The split of a group follows from a hash of its name.",
            f"place = {name}({groups}.astype(str), {self.table.split_seed})",
        ]
        before, parts = "0", []
        for split, fraction in self._fractions.items():
            after = f"{before} + {fraction}" if before != "0" else str(fraction)
            condition = f"place < {after}" if before == "0" else f"(place >= {before}) & (place < {after})"
            parts.append(f'    "{split}": np.flatnonzero({condition}),')
            before = after
        training = f'    "training": np.flatnonzero(place >= {before}),'
        self.script.add("split", "\n".join([*lines, "splits = {", training, *reversed(parts), "}"]))

    def _add_windows(self, rows: str) -> None:
        """Neighboring rows are split together."""
        seed = self.table.split_seed
        names = ("training", *reversed(self._fractions))
        lines = [
            f"# Shuffle {WINDOW:,} neighboring rows at a time, and divide them.",
            f"splits = {literal({name: [] for name in names})}",
            f"for number, begin in enumerate(range(0, {rows}, {WINDOW})):",
            f"    end = min(begin + {WINDOW}, {rows})",
            f"    random = np.random.default_rng(({seed}, number) if number else {seed})",
            "    order = begin + random.permutation(end - begin)",
        ]
        start = ""
        for split, fraction in self._fractions.items():
            name = "tested" if split == "test" else "validated"
            lines.append(f"    {name} = round({fraction} * end) - round({fraction} * begin)")
        for split in self._fractions:
            name = "tested" if split == "test" else "validated"
            stop = f"{start} + {name}" if start else name
            lines.append(f'    splits["{split}"].extend(order[{f"{start} : " if start else ":"}{stop}])')
            start = stop
        lines.append(f'    splits["training"].extend(order[{f"{start} :" if " " in start else f"{start}:"}])')
        lines.append("splits = {split: np.sort(rows) for split, rows in splits.items()}")
        self.script.add("split", "\n".join(lines))

    def _add_blocks(self) -> None:
        """Add the training rows of each block, if statistics are merged from those of several."""
        window = splitter_of(self.table).window
        ends = [self._first_of(part) for part in self.source.parts[1:]]
        starts = [0, *ends, self.source.total]
        ends = [end for first, stop in pairwise(starts) for end in (*range(first + MOST_ROWS, stop, MOST_ROWS), stop)]
        blocks = sorted({end // window * window for end in ends[:-1]} - {0, self.source.total})
        if not blocks:
            return
        self.script.moments = self.script.define(MERGED)
        made = f'np.split(splits["training"], np.searchsorted(splits["training"], {_listed(blocks)}))'
        text = f"blocks = {made}\nblocks = [block for block in blocks if len(block)]"
        self.script.add("split", f"# The training rows that are read together, whose statistics are merged.\n{text}")

    @staticmethod
    def _first_of(part: Any) -> int:
        return int(part.kept_before)

    def epoch(self) -> list[str]:
        """Return the lines that make `rows` those of an epoch, in the order in which they are streamed."""
        streamed, script = self.training, self.script
        if streamed.seed is None:
            return []
        lines = []
        starts = [self._first_of(part) for part in self.source.parts]
        if len(starts) > 1:
            script.constants["PARTS"] = starts
            lines += [
                "parts = [part for part in np.split(rows, np.searchsorted(rows, PARTS[1:])) if len(part)]",
                "order = np.random.default_rng((SEED, epoch)).permutation(len(parts))",
                "rows = np.concatenate([parts[place] for place in order])",
            ]
        if streamed.rows <= streamed.pool:
            return [*lines, "rows = np.random.default_rng((SEED, epoch, 1)).permutation(rows)"]
        script.constants["POOL"] = streamed.pool
        return [
            *lines,
            "pools = enumerate(np.split(rows, range(POOL, len(rows), POOL)), start=1)",
            "rows = np.concatenate([np.random.default_rng((SEED, epoch, p)).permutation(pool) for p, pool in pools])",
        ]


def _listed(numbers: list[int]) -> str:
    """Return numbers as code: as a range, if they are."""
    if len(numbers) > 2 and len({other - one for one, other in pairwise(numbers)}) == 1:
        step = numbers[1] - numbers[0]
        return f"range({numbers[0]}, {numbers[-1] + 1}, {step})"
    return literal(numbers)
