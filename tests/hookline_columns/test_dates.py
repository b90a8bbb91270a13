"""Dates, times and booleans."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from math import cos, pi, sin

import numpy
import pyarrow
import pytest
from hypothesis import given, strategies

from hookline.errors import DataError, HooklineError
from hookline_columns.booleans import Boolean
from hookline_columns.dates import Date

DAYS = ["2024-02-29", "2023-12-31", "2024-02-29"]
PARTS = ("year", "quarter", "month", "week", "day", "weekday", "day_of_year", "hour", "minute", "second")


def parts(cells, **options):
    kind = Date(**{"standardize": False, **options})
    parsed, unfit = kind.parse(cells if isinstance(cells, pyarrow.Array) else pyarrow.array(cells))
    assert unfit is None
    found = kind.transform(parsed, kind.fit(parsed))
    return found.flatten().to_numpy().reshape(len(cells), -1).tolist()


@given(strategies.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)))
def test_the_parts_are_those_of_python(moment):
    known = [moment.year, (moment.month + 2) // 3, moment.month, moment.isocalendar().week, moment.day]
    known += [moment.weekday(), moment.timetuple().tm_yday, moment.hour, moment.minute, moment.second]
    assert parts([moment.isoformat()], parts=PARTS) == [known]
    assert parts([moment.isoformat(" ")], parts=PARTS) == parts(pyarrow.array([moment]), parts=PARTS)


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["29.02.2024", "31.12.2023", "29.02.2024"], {"format": "%d.%m.%Y"}),
        (pyarrow.array([date(2024, 2, 29), date(2023, 12, 31), date(2024, 2, 29)]), {}),
        (["2024-02-29T00:00:00Z", "2023-12-31 00:00Z", "2024-02-29 01:00:00+01:00"], {}),
        (["2024-02-29 05:00:00.5+05:00", "2023-12-31", "2024-02-29 00:00:59.999999"], {}),
        (["2024-02-28T23:00:00Z", "2023-12-30T23:30:00Z", "2024-02-29"], {"timezone": "Europe/Berlin"}),
    ],
    ids=str,
)
def test_every_way_to_write_a_date_is_read(cells, options):
    assert parts(cells, **options) == [[2024, 2, 29, 3], [2023, 12, 31, 6], [2024, 2, 29, 3]]


def test_times_with_a_zone_are_converted_to_the_zone_of_the_option():
    moments = pyarrow.array([datetime(2024, 7, 1, 22, 30, tzinfo=UTC)], pyarrow.timestamp("ns", "America/New_York"))
    assert parts(moments, parts=("day", "hour")) == [[1, 22]]
    assert parts(moments, parts=("day", "hour"), timezone="Europe/Berlin") == [[2, 0]]
    east = timezone(timedelta(hours=5, minutes=30))
    assert parts(pyarrow.array([datetime(2024, 7, 1, 4, tzinfo=east)]), parts=("day", "hour")) == [[30, 22]]


@pytest.mark.parametrize("cells", [["12:30", "23:59:01.5"], pyarrow.array([time(12, 30), time(23, 59, 1, 500_000)])])
def test_the_time_of_day_may_stand_alone(cells):
    assert parts(cells, parts=("hour", "minute", "seconds"), since="1970-01-01") == [
        [12, 30, 45_000],
        [23, 59, 86_341.5],
    ]


def test_days_count_from_the_first_training_row_or_from_a_given_time():
    assert parts(DAYS, parts=("days",)) == [[60], [0], [60]]
    assert parts(["2024-01-02 12:00"], parts=("days", "seconds"), since="2024-01-01") == [[1.5, 129_600]]


def test_parts_that_repeat_become_sine_and_cosine():
    found = parts(["2024-03-01", "2024-12-01"], parts=("month", "year"), cyclic=True)
    for row, month in zip(found, (3, 12), strict=True):
        assert row == pytest.approx([sin(2 * pi * month / 12), cos(2 * pi * month / 12), 2024], abs=1e-12)
    assert Date(parts=("month", "year"), cyclic=True).names("x", {}) == ("x month sine", "x month cosine", "x year")


def test_parts_have_mean_0_and_variance_1_in_the_training_rows(applied):
    plain = applied(Date(standardize=False), DAYS)
    scaled = applied(Date(), DAYS, ["2020-01-05", *DAYS])
    numpy.testing.assert_allclose(scaled[1:], (plain - plain.mean(axis=0)) / plain.std(axis=0), rtol=1e-12)


def test_missing_dates_are_filled_in(applied):
    cells = ["2024-01-01", None, "2024-01-03"]
    found = applied(Date(standardize=False, parts=("days",), missing="mean", indicator=True), cells)
    assert found.tolist() == [[0, 0], [1, 1], [2, 0]]


@pytest.mark.parametrize(
    ("cell", "options", "expected"),
    [
        ("2024-02-30", {}, 'is not a date or time in ISO 8601: set `format`, such as "%d.%m.%Y".'),
        ("31.12.2024", {}, 'is not a date or time in ISO 8601: set `format`, such as "%d.%m.%Y".'),
        ("soon", {"format": "%d.%m.%Y"}, 'is not a date or time with the format "%d.%m.%Y".'),
    ],
)
def test_what_is_no_date_is_unfit(cell, options, expected):
    good = "01.01.2020" if options else "2020-01-01"
    found, unfit = Date(**options).parse(pyarrow.array([good, None, cell]))
    assert found.is_valid().to_pylist() == [True, False, False]
    assert unfit.is_unfit.tolist() == [False, False, True]
    assert unfit.explain(2) == f'"{cell}" {expected}'


def test_numbers_are_no_dates():
    with pytest.raises(DataError, match="The cells have the type int64, which is not a date or time"):
        Date().parse(pyarrow.array([1]))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"parts": ()}, "at least one part"),
        ({"parts": ("day", "day")}, "occurs twice"),
        ({"since": "2020-01-01"}, "no effect without"),
        ({"since": "yesterday", "parts": ("days",)}, "not a time in ISO 8601"),
        ({"cyclic": True, "parts": ("year",)}, "none of the parts repeats"),
        ({"format": "DD.MM.YYYY"}, "A format has letters"),
        ({"timezone": "Berlin"}, "There is no such time zone"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, problem):
    with pytest.raises((HooklineError, ValueError), match=problem):
        Date(**options)


def test_booleans_are_read_in_every_spelling(applied):
    cells = ["True", "yes", "T", "ON", "1", "y", "false", "No", "f", "OFF", "0", "N"]
    assert applied(Boolean(), cells).tolist() == [1] * 6 + [0] * 6
    assert applied(Boolean(true_values=("ja",), false_values=("nein",)), ["Ja", "nein"]).tolist() == [1, 0]
    assert applied(Boolean(missing="most_frequent"), ["yes", "yes", "no", None]).tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize("cells", [[True, False], [1, 0], [1.0, 0.0]])
def test_booleans_and_numbers_are_booleans(cells, applied):
    assert applied(Boolean(), cells).tolist() == [1, 0]


@pytest.mark.parametrize(("cell", "message"), [("maybe", '"maybe" is not one of'), (2, "2 is neither 0 nor 1.")])
def test_other_values_are_unfit(cell, message):
    _, unfit = Boolean().parse(pyarrow.array([cell, None]))
    assert unfit.is_unfit.tolist() == [True, False]
    assert unfit.explain(0).startswith(message)


def test_a_value_cannot_be_true_and_false():
    with pytest.raises((HooklineError, ValueError), match='"off" is a true value, too'):
        Boolean(true_values=("Off",))
