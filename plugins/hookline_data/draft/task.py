"""Check that a column can be predicted, as one of several classes or as a number."""

from typing import Literal

from hookline.errors import counted
from hookline_data.draft.columns import Column
from hookline_data.draft.inputs import mixture, quoted
from hookline_data.reading.text_cells import CODE, NUMBER

MOST_CLASSES_OF_INTEGERS = 20
"""The maximum number of different integers that count as classes; more are numbers."""

LEAST_OF_A_CLASS = 3
"""The minimum number of rows of a class: one each for training, validation and test."""

LEAST_ROWS = 3
"""The minimum number of rows: one each for training, validation and test."""

LEAST_TO_JUDGE = 2
"""The minimum number of rows for R²."""

HELD_BACK = 0.2
"""The share of the rows in the validation split, and that in the test split."""

MOST_DENSE_CLASSES = 100
"""The largest number of different integers in lists that count as classes."""

Task = Literal["classes", "number"]


def task_of(target: Column) -> Task:
    """Whether a target is one of several classes or a number."""
    if not target.is_scalar:
        return "classes" if target.is_whole and 2 <= len(target.values) <= MOST_DENSE_CLASSES else "number"
    if not target.is_numeric:
        return "classes"
    few = target.distinct <= min(MOST_CLASSES_OF_INTEGERS, (target.rows - target.missing) / 2)
    return "classes" if target.kind == "integer" and few and not target.form else "number"


def complaint(target: Column, task: Task | None = None) -> str | None:
    """Why a column cannot be a target."""
    if not target.name.strip():
        return "it has no name"
    if target.kind in ("image", "other"):
        return target.why or "its cells are paths of images"
    if target.kind == "list":
        return _complaint_of_lists(target, task)
    if not target.distinct:
        return "it is empty"
    if target.rows - target.missing < LEAST_ROWS:
        return _too_few(target.rows - target.missing)
    if target.distinct == 1:
        return f"all of its cells are {quoted(target.first)}"
    if target.not_finite:
        return f"{counted(target.not_finite, 'number')} {'is' if target.not_finite == 1 else 'are'} not finite"
    rows = target.rows - target.missing
    if (task or task_of(target)) == "number":
        return _complaint_of_numbers(target, rows)
    if target.odd and target.distinct > rows / 2:
        return mixture(target)
    if target.kind == "text" and (word := _word_among_numbers(target)) is not None:
        return mixture(target) or f"most of its different cells are numbers, but {quoted(word)} is not"
    if target.distinct > rows / 2:
        different = f"{target.distinct:,} of its {rows:,} cells are different from one another"
        return f"{different}, and classes would repeat"
    if target.most < LEAST_OF_A_CLASS:
        return f"no class has {LEAST_OF_A_CLASS} rows, one to learn from and others to test"
    return None


def _word_among_numbers(target: Column) -> str | None:
    """Return a cell that sources take for a mistake, because most of the different cells are numbers."""
    from pyarrow import compute

    cells = target.codes.dictionary.cast("string")
    is_number = compute.match_substring_regex(cells, NUMBER)
    if compute.sum(is_number).as_py() * 2 <= target.distinct:
        return None
    words = cells.filter(compute.invert(compute.or_(is_number, compute.match_substring_regex(cells, CODE))))
    return words[0].as_py() if len(words) else None


def _too_few(rows: int) -> str:
    return f"{counted(rows, 'row')} {'is' if rows == 1 else 'are'} too few to learn from and to test"


def _complaint_of_lists(target: Column, task: Task | None) -> str | None:
    """Why a column of lists cannot be a target."""
    if target.missing:
        return f"numbers are missing in {counted(target.missing, 'row')}"
    if target.not_finite:
        return f"{counted(target.not_finite, 'number')} {'is' if target.not_finite == 1 else 'are'} not finite"
    if target.low == target.high:
        return f"its numbers are all {target.low:g}"
    if task == "classes" and not (target.is_whole and target.values):
        return "its numbers are not classes, which must be integers"
    return None


def _complaint_of_numbers(target: Column, rows: int) -> str | None:
    """Why a column cannot be a numeric target."""
    if not target.is_numeric:
        return f"it has {quoted(target.first)}, which is not a number"
    if not target.deviation or target.deviation**2 == 0:
        return "its numbers differ too little"
    if round(rows * HELD_BACK) < LEAST_TO_JUDGE:
        return _too_few(rows)
    return None
