"""Columns of several files, whose types differ, as one."""

from datetime import date, datetime

import pyarrow
import pytest
from pyarrow import parquet

from hookline.errors import DataError

DAYS = {"type": "Date", "parts": ["days"], "standardize": False, "missing": "mean"}
BOOLEAN = {"type": "Boolean", "missing": 0.0}
MORNING, EVENING = datetime(2020, 1, 3, 6), datetime(2020, 1, 4, 18)


@pytest.fixture
def prepare_both(tmp_path, prepare_file):
    """Prepare two files with these cells of a column of a kind, and return its numbers."""

    def prepare_both(one, other, kind, **options):
        for index, cells in enumerate([one, other]):
            table = pyarrow.table({"a": cells, "y": [0.5] * len(cells)})
            parquet.write_table(table, tmp_path / f"{index}.parquet")
        data = prepare_file("Parquet", tmp_path / "*.parquet", columns={"a": kind}, **options)
        return data.training.all.input.tolist()

    return prepare_both


@pytest.mark.parametrize(
    ("one", "other", "kind", "expected"),
    [
        ([date(2020, 1, 1)], [MORNING, EVENING], DAYS, [0, 2.25, 3.75]),
        ([MORNING], [date(2020, 1, 4)], {**DAYS, "since": "2020-01-01"}, [2.25, 3]),
        ([True, False], [1, 0], BOOLEAN, [1, 0, 1, 0]),
        ([None, None], [date(2020, 1, 3)], {**DAYS, "since": "1970-01-01"}, [18_264] * 3),
        ([True], [None], BOOLEAN, [1, 0]),
        ([1.5], [2], {"type": "Number"}, [1.5, 2]),
    ],
)
def test_cells_of_different_types_become_the_same_numbers(prepare_both, one, other, kind, expected):
    assert prepare_both(one, other, kind) == [[number] for number in expected]


def test_categories_share_their_numbering(prepare_both):
    first = pyarrow.array(["b", "a", "b"]).dictionary_encode()
    assert prepare_both(first, ["c", "b"], {"type": "OneHotEncoder"}) == [
        [0, 1, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 1, 0],
    ]


def test_types_without_a_common_one_are_an_error(prepare_both):
    with pytest.raises(DataError, match=r'1.parquet: column "a": .* have the type string, but bool in .*0.parquet'):
        prepare_both([True], ["yes"], BOOLEAN)
