"""The base class of columns of categories: which ones there are, and which are put together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import RowField
from hookline.errors import DataError, OptionError, quoted_cell, shortened
from hookline.spec import SAMPLED_ROWS, ColumnSpec, Graph, PartialFit, UnfitCells, Value, option, spec
from hookline_columns.arrays.spellings import as_others_write_it, in_order, spellings
from hookline_columns.fitting.partial_fits import CountedFit, counts_of

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

MOST_SHOWN = 5
"""The largest number of categories in a summary."""
UNKNOWN, REFUSED = -1, -2
"""What a category becomes in a graph if it is not known, and a missing cell if this is an error."""


@spec
class CategoryColumn(ColumnSpec):
    """The base class of columns of categories: text, codes, whole numbers, booleans or dates.

    Categories are sorted: as numbers if all of them are numbers, otherwise as text. Codes such as "007" are text.
    """

    categories: tuple[str, ...] | None = None
    """The categories in their order, such as `["low", "medium", "high"]`. Default: those of the training rows."""
    min_frequency: int | float | None = option(default=None, above=0)
    """Put categories together that occur in fewer training rows: a number of rows, or a fraction of the rows."""
    max_categories: int | None = option(default=None, minimum=1)
    """Put the rarest categories together, so that there are at most this many, with the one that unites them."""
    missing: Literal["refuse", "drop", "most_frequent", "category"] = "refuse"
    """What becomes of a missing cell: an error ("refuse"), the whole row is dropped ("drop"), it is replaced by the
    most frequent category of the training rows, or it is a category of its own ("category")."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report fractions above 1, and categories that are given twice."""
        yield from super().conflicts()
        if isinstance(self.min_frequency, float) and self.min_frequency >= 1:
            message = "A fraction must be less than 1. For a number of rows, write an integer."
            yield OptionError("min_frequency", message)
        given = self.categories
        if given is not None and not given:
            yield OptionError("categories", "There must be at least one category.")
        for index, name in enumerate(given or ()):
            if name in (given or ())[:index]:
                yield OptionError("categories", f"{quoted_cell(name)} occurs twice.", index)

    @property
    def reads(self) -> Literal["text"]:
        """Cells of any type are categories, as text."""
        return "text"

    @property
    def takes_missing(self) -> bool:
        """Whether missing cells are replaced, or are a category."""
        return self.missing in ("most_frequent", "category")

    @property
    def drops_missing(self) -> bool:
        """Whether a row is dropped if its cell is missing."""
        return self.missing == "drop"

    @property
    def refuses_unknown(self) -> bool:
        """Whether a category that does not occur in the training rows is an error."""
        return True

    @property
    def allowing(self) -> str:
        """What to set so that other categories are allowed, for messages."""
        return ""

    def fit(self, cells: "pyarrow.Array") -> dict[str, Any]:
        """Return the categories, those that are put together, and what replaces missing cells."""
        return self.learn(counts_of(cells.drop_null()), len(cells))

    def partial_fit(self, most: int = SAMPLED_ROWS) -> PartialFit:
        """Return a fit that counts the categories of all rows."""
        return CountedFit(lambda cells: cells.drop_null(), self.learn, "categories")

    def learn(self, counts: Mapping[str, int], rows: int) -> dict[str, Any]:
        """Return what `fit` returns, given how often each category occurs, and the number of rows."""
        names = in_order(counts) if self.categories is None else list(self.categories)
        rare = set(self._rare(names, counts, rows))
        fitted: dict[str, Any] = {"categories": [name for name in names if name not in rare]}
        if rare:
            fitted["infrequent"] = [name for name in names if name in rare]
        if self.missing == "most_frequent":
            if not any(counts.values()):
                message = "All cells of the training rows are missing, so they have no most frequent category."
                raise DataError(message)
            fitted["fill"] = max(in_order(counts), key=counts.__getitem__)  # The first one of several.
        return fitted

    def _rare(self, names: Sequence[str], counts: Mapping[str, int], rows: int) -> list[str]:
        """Return the categories that are put together, by the rules of scikit-learn."""
        fewest = self.min_frequency or 0
        if isinstance(fewest, float):
            fewest *= rows
        rare = {name for name in names if counts.get(name, 0) < fewest}
        most = self.max_categories
        if most is not None and most < len(names) - len(rare) + 1:
            by_count = sorted(names, key=lambda name: counts.get(name, 0))
            rare |= set(by_count[: len(names) - (most - 1)])
        return [name for name in names if name in rare]

    def slots(self, fitted: Mapping[str, Any]) -> list[str]:
        """Return what each index means, without one for other categories: the categories and how else cells are called.

        The order is: categories, missing cells, infrequent categories.
        """
        missing = ["missing"] if self.missing == "category" else []
        return [*fitted["categories"], *missing, *(["infrequent"] if fitted.get("infrequent") else [])]

    def indices(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the index of each cell among the slots; -1 for a category that is not known."""
        import numpy
        import pyarrow
        from pyarrow import compute

        names, rare = fitted["categories"], fitted.get("infrequent", ())
        known = [*names, *rare]
        if cells.null_count and "fill" in fitted:
            cells = cells.fill_null(fitted["fill"])
        found = compute.index_in(cells, value_set=pyarrow.array(known, pyarrow.string()))
        if found.null_count > cells.null_count:
            found = as_others_write_it(cells, found, known)
        places = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(numpy.int64)
        slots = len(self.slots(fitted))
        if rare:
            places[places >= len(names)] = slots - 1
        if cells.null_count and self.missing == "category":
            places[cells.is_null().to_numpy(zero_copy_only=False)] = len(names)
        return places

    def row_field(self, column: str, fitted: Mapping[str, Any]) -> RowField:
        """Return a text with the categories of the training rows as choices."""
        choices = (*fitted["categories"], *fitted.get("infrequent", ()))
        return RowField(
            name=column,
            cell="text",
            choices=choices,
            is_closed=self.refuses_unknown,
            may_be_missing=self.takes_missing,
            example=fitted.get("fill", choices[0] if choices else ""),
        )

    @property
    def cells_of_graph(self) -> Literal["text"]:
        """Text."""
        return "text"

    def codes_in_graph(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Add a lookup to a graph: the index among the slots, `UNKNOWN` for other categories, or `REFUSED`.

        Numbers and booleans are found in the usual spellings, such as "3.0" for "3".
        """
        names, rare = fitted["categories"], fitted.get("infrequent", ())
        slots = {name: index for index, name in enumerate(names)}
        slots |= dict.fromkeys(rare, len(self.slots(fitted)) - 1)
        spelled = {other: place for name, place in reversed(slots.items()) for other in spellings(name)}
        empty = slots.get(fitted["fill"], UNKNOWN) if "fill" in fitted else REFUSED
        if self.missing == "category":
            empty = len(names)
        codes = {**spelled, **dict.fromkeys(missing, empty), **slots}
        return graph.lookup(cells, list(codes), list(codes.values()), UNKNOWN)

    def unfit(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> UnfitCells | None:
        """Return the cells whose category is not known, if this is an error."""
        if not self.refuses_unknown:
            return None
        is_unknown = self.indices(cells, fitted) < 0
        if not is_unknown.any():
            return None
        where = "is not one of `categories`" if self.categories else "does not occur in the training rows"
        return UnfitCells(
            is_unknown, lambda row: f"{quoted_cell(cells[row].as_py())} {where}. To allow it, set {self.allowing}."
        )

    def summary(self, fitted: Mapping[str, Any]) -> str:
        """Return the number of categories, and the first ones."""
        names = fitted["categories"]
        shown = ", ".join(shortened(name, 20) for name in names[:MOST_SHOWN]) + (
            ", …" if len(names) > MOST_SHOWN else ""
        )
        parts = [f"{len(names):,} {'category' if len(names) == 1 else 'categories'}{': ' if names else ''}{shown}"]
        if fitted.get("infrequent"):
            parts.append(f"{len(fitted['infrequent']):,} infrequent")
        if "fill" in fitted:
            parts.append(f"missing cells become {quoted_cell(fitted['fill'])}")
        return "; ".join(parts)
