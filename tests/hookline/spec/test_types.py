import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from hookline.spec import LayerSpec
from hookline.spec.types import option_type
from hookline.spec.words import found


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (bool, "true or false"),
        (int, "an integer"),
        (float, "a number"),
        (str, "a string"),
        (Path, "a string with the path of a file"),
        (int | None, "an integer"),
        (int | str, "an integer or a string"),
        (float | Path | None, "a number or a string with the path of a file"),
        (Literal["mean", "sum"], '"mean" or "sum"'),
        (int | Literal["same"], 'an integer or "same"'),
        (tuple[str, ...], "an array of strings"),
        (tuple[int, int], "an array of 2 integers"),
        (int | tuple[int, int], "an integer or an array of 2 integers"),
        (LayerSpec, "a layer (a table with a `type`)"),
        (tuple[LayerSpec, ...], "an array of layers (tables with a `type`)"),
        (Mapping[str, LayerSpec], "a table of layers (tables with a `type`)"),
        (Mapping[str, float], "a table of numbers"),
        (str | Mapping[str, int], "a string or a table of integers"),
        (Mapping[str, int] | str, "a string or a table of integers"),
        (
            str | tuple[str, ...] | Mapping[str, str | tuple[str, ...]] | None,
            "a string or an array of strings, or a table of elements, each a string or an array of strings",
        ),
        (Literal["a", "b"] | Mapping[str, Literal["a", "b"]], '"a" or "b" or a table of elements, each "a" or "b"'),
    ],
)
def test_a_type_is_described_in_words(kind, words):
    assert option_type(kind).words == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "true"),
        (False, "false"),
        (3, "the number 3"),
        (0.5, "the number 0.5"),
        ("", 'the string ""'),
        ("x" * 60, f'the string "{"x" * 60}"'),
        ("x" * 61, "a long string"),
        ([], "an array of 0 elements"),
        ([1], "an array of one element"),
        ([1, 2], "an array of 2 elements"),
        ({}, "a table"),
        (datetime.date(2026, 5, 27), "the date 2026-05-27"),
    ],
)
def test_a_value_is_described_in_words(value, words):
    assert found(value) == words


VALUES = [True, 1, 0.5, "x", [1], [1, 2], {"x": 1}, datetime.date(2026, 5, 27)]


@pytest.mark.parametrize(
    ("kind", "accepted"),
    [
        (bool, [True]),
        (int, [1]),
        (float, [1, 0.5]),
        (str, ["x"]),
        (Path, ["x"]),
        (Literal["x", 1], [1, "x"]),
        (Literal["y", 0.5], [0.5]),
        (tuple[int, ...], [[1], [1, 2]]),
        (tuple[int, int], [[1, 2]]),
        (LayerSpec, [{"x": 1}]),
        (Mapping[str, int], [{"x": 1}]),
    ],
)
def test_a_value_is_accepted_only_as_its_own_type(kind, accepted):
    assert [value for value in VALUES if option_type(kind).accepts(value)] == accepted
