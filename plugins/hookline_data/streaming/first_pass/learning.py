"""Learn from the rows in the first pass over the files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import Columns, Target
from hookline.spec import SAMPLED_ROWS, Objective, PartialFit, SampledFit
from hookline_data.layout.kinds import FittedKind, of_column, transformed_numbers
from hookline_data.layout.layout import Layout
from hookline_data.rows.inputs import group_of
from hookline_data.rows.unprepared import column_of
from hookline_data.streaming.first_pass.standardizing import Standardizing
from hookline_data.streaming.first_pass.witnesses import Witnesses

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray
    from torch import Tensor

HEAD = 2**16
"""About how many training rows are kept to see what becomes of them."""
MOST_CELLS = 2**25
"""The largest number of cells in all samples together."""


class Learning:
    """Learns what must be known of the training rows, and of the targets of all splits, in bounded memory."""

    def __init__(self, layout: Layout):
        """Begin without rows."""
        self.layout = layout
        self.standardizing = Standardizing(layout)
        self.head: list[pyarrow.Table] = []
        """The first training rows."""
        self.weighted: set[str] = set()
        """The splits that have a row whose weight is not 0."""
        self._kinds = {**layout.kinds, **layout.target_kinds}
        self._fits = self._partial_fits(SAMPLED_ROWS)
        if (sampled := sum(isinstance(fit, SampledFit) for fit in self._fits.values())) > MOST_CELLS // SAMPLED_ROWS:
            self._fits = self._partial_fits(max(HEAD, MOST_CELLS // sampled))
        self._witnesses: dict[tuple[str, str], Witnesses] = {}

    def _partial_fits(self, most: int) -> dict[str, PartialFit]:
        return {name: kind.spec.partial_fit(most) for name, kind in self._kinds.items()}

    def add(self, split: str, table: "pyarrow.Table", columns: Columns, numbers: "NDArray[Any]") -> None:
        """Take rows of a split."""
        weights = self.layout.weight_column
        if weights is not None and bool(columns[weights].any()):
            self.weighted.add(split)
        for target, own in self.layout.targets.items():
            kind = self.layout.encodings[target].kind
            witnesses = self._witnesses.setdefault((split, target), Witnesses(kind))
            witnesses.add({name: columns[name] for name in own}, numbers)
        if split == "training":
            self._add_training(table)

    def _add_training(self, table: "pyarrow.Table") -> None:
        path = self.layout.path
        for name, fit in self._fits.items():
            with of_column(name, path):
                fit.add(table.column(name).combine_chunks())
        if sum(part.num_rows for part in self.head) < HEAD:
            self.head.append(table.slice(0, HEAD))
        for name, group in self.layout.inputs.items():
            if columns := self.standardizing.columns(group):
                plain = evolve(group, columns=columns, kinds={})
                self.standardizing.add(name, group_of(table, name, plain, {}, path))

    def kinds(self) -> dict[str, FittedKind]:
        """Return the kinds of all columns, fitted to the training rows.

        Raises:
            DataError: If a column cannot be fitted.

        """
        found = {}
        for name, fit in self._fits.items():
            with of_column(name, self.layout.path):
                found[name] = FittedKind(self._kinds[name], fit.fitted())
        return found

    def encoded_head(
        self, loss: Objective, known: Mapping[str, Target], kinds: Mapping[str, FittedKind]
    ) -> "dict[str, Tensor]":
        """Return the targets that are numbers, one per column, of the first training rows."""
        import pyarrow

        table, found = pyarrow.concat_tables(self.head, promote_options="permissive"), {}
        for target, names in self.layout.targets.items():
            encoding = self.layout.encodings[target]
            if encoding.kind == "numbers" and not known[target].shape:
                columns = {name: column_of(table, name, self.layout, self.layout.path) for name in names}
                columns |= {
                    name: transformed_numbers(columns[name], kinds[name])
                    for name in names
                    if name in self.layout.target_kinds
                }
                found[target] = encoding.apply(columns, known[target], loss.name_for(target), "training")
        return found

    def witnesses(self, splits: Mapping[str, Path]) -> "dict[str, dict[str, Witnesses]]":
        """Return a few rows of each target of these splits, which have all of their classes."""
        return {split: {target: self._witnesses[split, target] for target in self.layout.targets} for split in splits}
