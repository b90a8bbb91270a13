"""Checks of kinds of columns: what they learn, and what they make of the cells of other rows."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import DataError
from hookline.spec.families.column import ColumnSpec
from hookline.testing.components_under_test import Component
from hookline.testing.outcomes import NotApplicable, NotConforming, refuse

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

ROWS = 24

CELLS: Mapping[str, tuple[str, ...]] = {
    "words": ("red", "blue", "green"),
    "dates": ("2024-02-29", "2023-12-31 12:30:00", "2024-07-01"),
    "booleans": ("true", "false", "true"),
    "sentences": ("a small bird", "a large bird on ice", "quiet"),
    "numbers": ("1.5", "2", "0.25"),
}
"""Texts that a kind may take; each is repeated."""


def gives_what_it_promises(component: Component) -> None:
    """Check that a kind transforms the rows that it was fitted to, as its properties and methods say."""
    kind, cells, fitted = _fitted(component)
    made = _transformed(component, kind, cells, fitted)
    _check_type(component, kind, made, fitted)
    if (summary := kind.summary(fitted)) is None or "\n" in summary:
        refuse(f"`summary` of {component.name} must return one line.")


def is_stored(component: Component) -> None:
    """Check that what a kind has learned is the same after it was written as JSON and read."""
    kind, cells, fitted = _fitted(component)
    try:
        read = json.loads(json.dumps(fitted, allow_nan=False))
    except (TypeError, ValueError) as error:
        refuse(f"`fit` of {component.name} must return JSON-compatible values, with finite numbers. {error}")
    if not _transformed(component, kind, cells, fitted).equals(_transformed(component, kind, cells, read)):
        refuse(
            f"{component.name} transforms cells differently after what `fit` returned was written as JSON and read: "
            f"use lists instead of tuples, and text as keys."
        )


def transforms_rows_alone(component: Component) -> None:
    """Check that each row is transformed by what was learned from the training rows, whatever rows are beside it."""
    kind, cells, fitted = _fitted(component)
    whole = _transformed(component, kind, cells, fitted).to_pylist()
    parts = [_transformed(component, kind, cells.slice(row, 1), fitted).to_pylist()[0] for row in range(len(cells))]
    others = [row for row, (one, other) in enumerate(zip(whole, parts, strict=True)) if not _are_close(one, other)]
    if others:
        row = others[0]
        refuse(
            f"{component.name} transforms row {row} to {parts[row]} alone, but to {whole[row]} with other rows: "
            f"`transform` may only use what `fit` has returned."
        )
    if json.dumps(kind.fit(cells), default=repr) != json.dumps(fitted, default=repr):
        refuse(f"`fit` of {component.name} returns something else for the same rows when it is called again.")


def takes_missing_cells(component: Component) -> None:
    """Check that a kind that takes missing cells fits and transforms them."""
    kind, cells, fitted = _fitted(component)
    if not kind.takes_missing:
        raise NotApplicable(f"{component.name} takes no missing cells by default.")
    import pyarrow

    with_gap = pyarrow.concat_arrays([cells, pyarrow.nulls(1, cells.type)])
    for known in (fitted, kind.fit(with_gap)):
        _transformed(component, kind, with_gap, known)


def fits_in_parts(component: Component) -> None:
    """Check that a kind learns the same of training rows that come in parts as of all of them together."""
    kind, cells, fitted = _fitted(component)
    fit, half = kind.partial_fit(), len(cells) // 3
    for part in (cells.slice(0, half), cells.slice(half)):
        fit.add(part)
    whole = _transformed(component, kind, cells, fitted).to_pylist()
    parts = _transformed(component, kind, cells, fit.fitted()).to_pylist()
    for row, (one, other) in enumerate(zip(whole, parts, strict=True)):
        if not _are_close(one, other):
            refuse(
                f"{component.name} transforms row {row} to {one}, but to {other} if it is fitted to the training rows "
                "in two parts: `partial_fit` must learn what `fit` learns."
            )


def takes_its_example(component: Component) -> None:
    """Check that a kind takes the cell that it gives as an example for rows of JSON."""
    kind, _, fitted = _fitted(component)
    if type(kind).row_field is ColumnSpec.row_field:
        raise NotApplicable(f"{component.name} does not override `row_field`.")
    import pyarrow

    field = kind.row_field("column", fitted)
    try:
        example = json.loads(json.dumps(field.example, allow_nan=False))
    except (TypeError, ValueError) as error:
        refuse(f"The example in `row_field` of {component.name} must be a value of JSON. {error}")
    texts = {"number": pyarrow.array([example]), "text": pyarrow.array([str(example)])}
    given = texts.get(kind.reads, pyarrow.array([example]))
    parsed, unfit = kind.parse(given.cast(pyarrow.float64()) if kind.reads == "number" else given)
    unfit = kind.unfit(parsed, fitted) if unfit is None else unfit
    if unfit is not None:
        refuse(f"{component.name} does not take its own example, {example!r}: {unfit.explain(0)}")


def _fitted(component: Component) -> "tuple[ColumnSpec, pyarrow.Array, dict[str, Any]]":
    """Return the kind, cells that it takes, and what it learns of them."""
    import pyarrow

    kind: ColumnSpec = component.example
    reasons: list[str] = [""]
    for words in CELLS.values():
        text = pyarrow.array([words[row % len(words)] for row in range(ROWS)])
        try:
            cells = text.cast(pyarrow.float64()) if kind.reads == "number" else text
        except pyarrow.ArrowInvalid:
            continue
        try:
            parsed, unfit = kind.parse(cells)
            if unfit is not None:
                reasons.append(unfit.explain(int(unfit.is_unfit.argmax())))
                continue
            fitted = kind.fit(parsed)
            unfit = kind.unfit(parsed, fitted)
        except DataError as error:
            reasons.append(error.message)
            continue
        if unfit is None:
            return kind, parsed, fitted
        reasons.append(unfit.explain(int(unfit.is_unfit.argmax())))
    message = (
        f"{component.name} takes none of the kit's columns of numbers, words, dates and booleans: pass the kit an "
        f"example with options that take one. {reasons[-1]}"
    )
    raise NotConforming(message.strip())


def _transformed(
    component: Component, kind: ColumnSpec, cells: "pyarrow.Array", fitted: Mapping[str, Any]
) -> "pyarrow.Array":
    """Return the transformed cells: one for each, and none of them missing."""
    made = kind.transform(cells, fitted)
    if len(made) != len(cells):
        refuse(f"`transform` of {component.name} returns {len(made)} cells for {len(cells)}.")
    if made.null_count:
        refuse(f"`transform` of {component.name} must not return missing cells.")
    return made


def _are_close(one: Any, other: Any) -> bool:
    """Whether two cells are equal; functions of NumPy may compute the last bit of a number differently in a vector."""
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_are_close, one, other))
    return bool(abs(one - other) <= 1e-12 * max(1.0, abs(one)))


def _check_type(component: Component, kind: ColumnSpec, made: "pyarrow.Array", fitted: Mapping[str, Any]) -> None:
    """Check the type of the result against `gives_indices`, `gives_sequences`, `names` and `cardinality`."""
    from pyarrow import types

    is_sequence = types.is_list(made.type) or types.is_large_list(made.type)
    if is_sequence != kind.gives_sequences:
        refuse(f"`gives_sequences` of {component.name} is {kind.gives_sequences}, but it returns {made.type}.")
    is_several = types.is_fixed_size_list(made.type)
    inner = made.type.value_type if is_sequence or is_several else made.type
    allowed = types.is_int64(inner) if kind.gives_indices else types.is_float64(inner) or types.is_uint8(inner)
    if not allowed:
        needed = "int64, since it gives indices" if kind.gives_indices else "float64 or uint8"
        refuse(f"`transform` of {component.name} returns {made.type}: the type must be {needed}.")
    size = made.type.list_size if is_several else 1
    names = list(kind.names("x", fitted))
    if not is_sequence and (len(names) != size or len(set(names)) != size):
        refuse(f"`names` of {component.name} must return {size} different names, one for each number: {names[:9]}.")
    cardinality = kind.cardinality(fitted)
    if kind.gives_indices != (cardinality is not None):
        refuse(f"`cardinality` of {component.name} must return a number if, and only if, it gives indices.")
    if cardinality is not None:
        indices: NDArray[Any] = (made.flatten() if is_sequence or is_several else made).to_numpy(zero_copy_only=False)
        if indices.min() < 0 or indices.max() >= cardinality:
            refuse(
                f"{component.name} returns indices from {indices.min()} to {indices.max()}, but its `cardinality` is "
                f"{cardinality}: they must be from 0 to {cardinality - 1}."
            )
