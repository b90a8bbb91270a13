"""Splits without memory for each row."""

import itertools

import numpy
import pytest

from hookline.errors import DataError
from hookline_data.splitting.fractions import by_fraction
from hookline_data.streaming import splitters
from hookline_data.streaming.splitters import PARTS, WINDOW, ByFraction, ByGroup


@pytest.mark.parametrize("rows", [5, 77, WINDOW])
def test_fractions_of_few_rows_are_those_of_rows_in_memory(rows):
    parts = ByFraction(0.2, 0.4, seed=3).parts(0, rows, rows, {}.get)
    for split, expected in by_fraction(rows, 0.2, 0.4, 3, None).items():
        assert numpy.flatnonzero(parts == PARTS.index(split)).tolist() == expected.tolist()


@pytest.mark.parametrize("rows", [3 * WINDOW, 3 * WINDOW + 1001, 10 * WINDOW - 1])
def test_fractions_are_exact_for_any_number_of_rows(rows):
    parts = ByFraction(1 / 3, 0.1, seed=0).parts(0, rows, rows, {}.get)
    counts = numpy.bincount(parts, minlength=3).tolist()
    assert counts[1:3] == [round(rows / 3), round(rows * 0.1)]
    first = numpy.bincount(parts[:WINDOW], minlength=3).tolist()
    assert first[1:3] == [round(WINDOW / 3), round(WINDOW * 0.1)]


def test_the_split_of_a_row_does_not_depend_on_the_rows_read_with_it(monkeypatch):
    monkeypatch.setattr(splitters, "WINDOW", 8)
    whole = ByFraction(0.3, 0.2, seed=1).parts(0, 61, 61, {}.get)
    for sizes in ([61], [5, 20, 36], [1] * 61, [8, 8, 45]):
        splitter = ByFraction(0.3, 0.2, seed=1)
        begins = itertools.accumulate(sizes, initial=0)
        found = [splitter.parts(begin, size, 61, {}.get) for begin, size in zip(begins, sizes, strict=False)]
        assert numpy.concatenate(found).tolist() == whole.tolist()
    unknown = ByFraction(0.3, 0.2, seed=1)
    assert unknown.parts(0, 56, None, {}.get).tolist() == whole[:56].tolist()
    assert ByFraction(0.3, 0.2, seed=2).parts(0, 61, 61, {}.get).tolist() != whole.tolist()


def test_groups_are_in_one_split_with_about_the_wanted_share():
    cells = numpy.array([f"patient {row % 5000}" for row in range(20_000)])
    parts = ByGroup("patient", 0.2, 0.1, seed=0).parts(0, len(cells), None, {"patient": cells}.__getitem__)
    assert parts.reshape(4, 5000).std(axis=0).max() == 0
    shares = numpy.bincount(parts, minlength=3) / len(parts)
    numpy.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.02)  # Three standard deviations of 5,000 groups.
    other = ByGroup("patient", 0.2, 0.1, seed=1).parts(0, len(cells), None, {"patient": cells}.__getitem__)
    assert (other == parts).mean() < 0.7


def test_groups_are_the_same_in_files_of_all_formats(write, prepare):
    table = {"patient": [row // 3 for row in range(90)], "a": numpy.arange(90.0), "y": numpy.arange(90.0)}
    splits = {}
    for kind in ("CSV", "Parquet"):
        data = prepare(kind, write(kind, table), stream=True, validation=0.3, group_column="patient")
        splits[kind] = data.validation.all.target.flatten().tolist()
        patients = {row // 3 for row in splits[kind]}
        assert sorted(splits[kind]) == [row for row in range(90) if row // 3 in patients]
    assert splits["CSV"] == splits["Parquet"]


def test_too_few_groups_are_an_error(write, prepare):
    table = {"patient": ["a"] * 30, "a": numpy.arange(30.0), "y": numpy.arange(30.0)}
    with pytest.raises(DataError, match=r"No group belongs to the (training|validation) split: there are few of them"):
        prepare("CSV", write("CSV", table), stream=True, validation=0.5, group_column="patient")


def test_rows_are_split_after_rows_are_dropped(write, prepare, monkeypatch):
    monkeypatch.setattr(splitters, "WINDOW", 8)
    monkeypatch.setattr(ByFraction, "window", 8)
    numbers = [None if row % 4 == 1 else float(row) for row in range(93)]
    kept = [number for number in numbers if number is not None]
    for kind in ("CSV", "Parquet"):
        path = write(kind, {"a": numbers, "y": numpy.arange(93.0)})
        columns = {"a": {"type": "Number", "missing": "drop"}}
        data = prepare(kind, path, stream=True, validation=0.25, columns=columns)
        expected = ByFraction(0.25, 0.0, seed=0).parts(0, len(kept), len(kept), {}.get)
        for split in ("training", "validation"):
            own = [number for number, part in zip(kept, expected, strict=True) if PARTS[part] == split]
            found = [one for batch in getattr(data, split).epoch(1) for one in batch.target.flatten().tolist()]
            assert sorted(found) == own
