"""What a draft finds in the cells of a column."""

import pyarrow
import pytest

from hookline_data.draft.inputs import kind_of, why_left_out
from hookline_data.draft.summaries import column_of


def column(cells):
    return column_of("c", 0, pyarrow.array(cells))


@pytest.mark.parametrize(
    ("cells", "format_"),
    [
        (["2024-01-31", "2024-02-01 12:30"], None),
        (["2024-1-31", "2024-2-1"], "%Y-%m-%d"),
        (["12/31/2024", "1/2/2024"], "%m/%d/%Y"),
        (["31/12/2024", "1/2/2024"], "%d/%m/%Y"),
        (["8/6/20 18:57", "7/31/20 9:05"], "%m/%d/%y %H:%M"),
        (["08/06/2020 06:57:00 PM"], "%m/%d/%Y %I:%M:%S %p"),
        (["31.12.24", "1.2.24"], "%d.%m.%y"),
        (["19-Sep-03", "1-Oct-03"], "%d-%b-%y"),
        (["19-Sep-2003"], "%d-%b-%Y"),
        (["1949-01", "1949-12"], "%Y-%m"),
        (["Jan 2020", "Dec 2021"], "%b %Y"),
    ],
)
def test_dates_have_the_format_that_fits_all_cells(cells, format_):
    assert column(cells).form.get("format") == format_
    assert column(cells).kind == "time"


@pytest.mark.parametrize(
    "cells", [["1/2/2024", "1/2/24"], ["2009-10", "2012-13"], ["13/13/2024"], ["2024-01-31", "soon"]]
)
def test_other_text_is_no_date(cells):
    assert column(cells).kind == "text"


def test_text_that_is_mostly_numbers_is_told():
    years = column([str(1700 + n * n) for n in range(20)] + ["Ancient"] * 2 + ["?"])
    assert (years.numbers, years.odd) == (20, "Ancient")
    assert why_left_out(years) == '20 of its 23 cells are numbers, but "Ancient" is not'
    assert (column(["1", "a", "b"]).odd, column(["1", "2", "b"]).odd) == ("", "b")


def test_missing_cells_are_not_counted_among_the_different_ones():
    names = column([f"n{n}" for n in range(20)] + [None] * 80)
    assert why_left_out(names) == '20 of its 20 cells are different, such as "n0"'


@pytest.mark.parametrize(("rows", "places"), [(60, 8), (255, 8), (256, 16), (1313, 64), (100_000, 256)])
def test_free_text_becomes_more_inputs_if_there_are_more_rows(rows, places):
    assert kind_of(column([f"the house {n}" for n in range(rows)]))["n_features"] == places


@pytest.mark.parametrize(
    ("name", "is_input"), [("row", False), ("n", False), ("Year", True), ("fiscal_year", True), ("birthday", False)]
)
def test_consecutive_integers_are_row_numbers_or_times(name, is_input):
    years = column_of(name, 0, pyarrow.array(range(1947, 1963)))
    assert why_left_out(years) == (None if is_input else "it counts the rows")


def test_web_addresses_are_no_inputs():
    assert why_left_out(column([f"https://example.org/{n}/a-b-c" for n in range(40)])) == "its cells are web addresses"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["$70", None] * 9, {"type": "OneHotEncoder", "missing": "category", "handle_unknown": "ignore"}),
        (["ab"] * 30 + ["cd"] * 30, {"type": "OneHotEncoder"}),
        ([f"c{n % 60}" for n in range(360)], {"type": "OneHotEncoder", "handle_unknown": "ignore"}),
        (
            [f"c{n % 120}" for n in range(720)],
            {
                "type": "OneHotEncoder",
                "min_frequency": 5,
                "max_categories": 100,
                "handle_unknown": "infrequent_if_exist",
            },
        ),
        (
            [f"the house {n % 70}" for n in range(140)] + [None],
            {"type": "HashingVectorizer", "n_features": 8, "missing": "empty"},
        ),
    ],
)
def test_text_has_a_kind_that_takes_all_of_its_cells(cells, kind):
    assert kind_of(column(cells)) == kind
