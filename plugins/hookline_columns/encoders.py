"""Categories as one-hot numbers, or as indices."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import DataError, OptionError, quoted_cell
from hookline.spec import Graph, Value, spec
from hookline_columns.arrays.one_hot import one_hot, one_hot_in_graph
from hookline_columns.categories import REFUSED, UNKNOWN, CategoryColumn

if TYPE_CHECKING:
    import pyarrow

    from hookline.script import Script


@spec
class OneHotEncoder(CategoryColumn):
    """Categories, each as an input of its own that is 1 where the cell has the category, and 0 elsewhere.

    Suits columns with up to about ten categories; for more, see `OrdinalEncoder`. Codes, whole numbers, booleans and
    dates can be categories. See scikit-learn's OneHotEncoder:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.OneHotEncoder.html
    """

    handle_unknown: Literal["error", "ignore", "infrequent_if_exist"] = "error"
    """What becomes of a category that does not occur in the training rows: an error, 0 in all inputs ("ignore"), or
    the input of the infrequent categories, if there are any."""
    drop: Literal["first", "if_binary"] | None = None
    """Leave out the input of the first category, in all columns or in those with two categories."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report infrequent categories that cannot exist."""
        yield from super().conflicts()
        if self.handle_unknown == "infrequent_if_exist" and self.min_frequency is None and self.max_categories is None:
            message = "No category is infrequent without `min_frequency` or `max_categories`."
            yield OptionError("handle_unknown", message, id="unused-option")

    @property
    def refuses_unknown(self) -> bool:
        """Whether an unknown category is an error."""
        return self.handle_unknown == "error"

    @property
    def allowing(self) -> str:
        """What to set so that other categories are allowed."""
        return '`handle_unknown = "ignore"`'

    def learn(self, counts: Mapping[str, int], rows: int) -> dict[str, Any]:
        """Return the categories."""
        fitted = CategoryColumn.learn(self, counts, rows)
        if not self._kept(fitted):
            only = quoted_cell(self.slots(fitted)[0])
            raise DataError(f"All training rows have the same category, {only}, and `drop` leaves nothing of it.")
        return fitted

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function of the categories, and return a call of it."""
        from hookline_columns.ejecting.categories import eject_categories

        return eject_categories(self, script, cells, training, fitted, one_hot=True)

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return 0 and 1 for each category."""
        slots, kept = self.slots(fitted), self._kept(fitted)
        places = self.indices(cells, fitted)
        if self.handle_unknown == "infrequent_if_exist" and fitted.get("infrequent"):
            places[places < 0] = len(slots) - 1
        if len(kept) < len(slots):
            places -= 1  # Below 0 for the category that is dropped.
        return one_hot(places, len(kept))

    def to_onnx(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Look up the category, and compare its index with that of each input."""
        import numpy

        slots, kept = self.slots(fitted), self._kept(fitted)
        code = self.codes_in_graph(graph, cells, fitted, missing)
        is_refused = graph.op("Equal", code, numpy.int64(REFUSED))
        is_unknown = graph.op("Equal", code, numpy.int64(UNKNOWN))
        if self.handle_unknown == "infrequent_if_exist" and fitted.get("infrequent"):
            code = graph.op("Where", is_unknown, numpy.int64(len(slots) - 1), code)
        elif self.refuses_unknown:
            is_refused = graph.op("Or", is_refused, is_unknown)
        place = graph.op("Sub", code, numpy.int64(len(slots) - len(kept)))
        return graph.op("Where", is_refused, numpy.float64("nan"), one_hot_in_graph(graph, place, len(kept)))

    def cells(self, column: str, numbers: Sequence[float], fitted: Mapping[str, Any]) -> Mapping[str, str | float]:
        """Return the category; "unknown" for one that does not occur in the training rows."""
        slots, kept = self.slots(fitted), self._kept(fitted)
        if 1 in numbers:
            return {column: kept[list(numbers).index(1)]}
        return {column: slots[0] if len(kept) < len(slots) else "unknown"}

    def names(self, column: str, fitted: Mapping[str, Any]) -> Sequence[str]:
        """Return the name of each input, such as "color=red"."""
        others = len(self.slots(fitted)) - len(fitted["categories"])
        named = [f"{column}={name}" for name in fitted["categories"]]
        named += [f"{column} is {name}" for name in self.slots(fitted)[-others:] if others]
        return named[len(named) - len(self._kept(fitted)) :]

    def _kept(self, fitted: Mapping[str, Any]) -> list[str]:
        """Return the slots that have an input."""
        slots = self.slots(fitted)
        return slots[1:] if self.drop == "first" or (self.drop == "if_binary" and len(slots) == 2) else slots


@spec
class OrdinalEncoder(CategoryColumn):
    """Categories as indices from 0, for an `Embedding`.

    The column becomes int64, and must be in a group of inputs with other indices. After the categories come missing
    cells, infrequent categories and unknown categories, each with an index of its own where the options ask for it. The
    numbering of the categories is that of scikit-learn's OrdinalEncoder:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.OrdinalEncoder.html
    """

    handle_unknown: Literal["error", "use_encoded_value", "infrequent_if_exist"] = "error"
    """What becomes of a category that does not occur in the training rows: an error, or an index of its own, which is
    the last one ("use_encoded_value"). With "infrequent_if_exist" it has the index of the infrequent categories if
    there are any. A vector for an index that does not occur in the training rows is never trained, so that
    "infrequent_if_exist" with `min_frequency` is the better choice."""

    @property
    def gives_indices(self) -> bool:
        """Whether it returns indices."""
        return True

    @property
    def refuses_unknown(self) -> bool:
        """Whether an unknown category is an error."""
        return self.handle_unknown == "error"

    @property
    def allowing(self) -> str:
        """What to set so that other categories are allowed."""
        return '`handle_unknown = "use_encoded_value"`'

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function of the categories, and return a call of it."""
        from hookline_columns.ejecting.categories import eject_categories

        return eject_categories(self, script, cells, training, fitted, one_hot=False)

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return the index of each category."""
        import pyarrow

        places = self.indices(cells, fitted)
        places[places < 0] = (self.cardinality(fitted) or 1) - 1
        return pyarrow.array(places)

    def to_onnx(self, graph: Graph, cells: Value, fitted: Mapping[str, Any], missing: Sequence[str]) -> Value:
        """Look up the index of the category; `REFUSED` if this is an error."""
        import numpy

        code = self.codes_in_graph(graph, cells, fitted, missing)
        unknown = REFUSED if self.refuses_unknown else (self.cardinality(fitted) or 1) - 1
        return graph.op("Where", graph.op("Equal", code, numpy.int64(UNKNOWN)), numpy.int64(unknown), code)

    def cells(self, column: str, numbers: Sequence[float], fitted: Mapping[str, Any]) -> Mapping[str, str | float]:
        """Return the category; "unknown" for one that does not occur in the training rows."""
        return {column: dict(enumerate(self.slots(fitted))).get(int(numbers[0]), "unknown")}

    def cardinality(self, fitted: Mapping[str, Any]) -> int | None:
        """Return the number of indices."""
        has_infrequent = self.handle_unknown == "infrequent_if_exist" and fitted.get("infrequent")
        return len(self.slots(fitted)) + (not self.refuses_unknown and not has_infrequent)
