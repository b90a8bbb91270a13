from pathlib import Path

import pytest
from every_kind import Inner, Kinds, loaded, problems


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({}, Kinds()),
        ({"flag": True}, Kinds(flag=True)),
        ({"count": 3}, Kinds(count=3)),
        ({"rate": 0.25}, Kinds(rate=0.25)),
        ({"rate": 2}, Kinds(rate=2.0)),
        ({"norm": float("inf")}, Kinds(norm=float("inf"))),
        ({"text": "3"}, Kinds(text="3")),
        ({"maybe": 0}, Kinds(maybe=0)),
        ({"mode": "maximum"}, Kinds(mode="maximum")),
        ({"padding": 2}, Kinds(padding=2)),
        ({"padding": [1, 2]}, Kinds(padding=(1, 2))),
        ({"padding": "same"}, Kinds(padding="same")),
        ({"fraction": 0.5}, Kinds(fraction=0.5)),
        ({"fraction": 0}, Kinds(fraction=0.0)),
        ({"names": "x"}, Kinds(names="x")),
        ({"names": ["x", "y"]}, Kinds(names=("x", "y"))),
        ({"names": []}, Kinds(names=())),
        ({"pair": [3, 4]}, Kinds(pair=(3, 4.0))),
        ({"inner": {"type": "Inner", "weight": 0}}, Kinds(inner=Inner(weight=0.0))),
        ({"inners": [{"type": "Inner"}, {"type": "L1Loss"}]}, None),
        ({"named": {"a": {"type": "Inner", "weight": 0}}}, Kinds(named={"a": Inner(weight=0.0)})),
        ({"named": {}}, Kinds()),
        ({"weights": {"a": 1, "type": 0.5, "two words": 2}}, Kinds(weights={"a": 1.0, "type": 0.5, "two words": 2.0})),
        ({"either": "x"}, Kinds(either="x")),
        ({"either": {"x": 1}}, Kinds(either={"x": 1})),
        ({"groups": "a*"}, Kinds(groups="a*")),
        ({"groups": ["a", "b"]}, Kinds(groups=("a", "b"))),
        ({"groups": {"x": "a*", "y": ["b", "c"], "z": []}}, Kinds(groups={"x": "a*", "y": ("b", "c"), "z": ()})),
        ({"groups": {}}, Kinds(groups={})),
        ({"sizes": {"x": [1, 2], "y": True}}, Kinds(sizes={"x": (1, 2), "y": True})),
        ({"mode_of": "maximum"}, Kinds(mode_of="maximum")),
        ({"mode_of": {"x": "maximum"}}, Kinds(mode_of={"x": "maximum"})),
    ],
)
def test_a_valid_value_is_read_unchanged(options, made):
    read = loaded({"type": "Kinds", **options})
    if made is None:
        assert [type(inner).__name__ for inner in read.inners] == ["Inner", "L1Loss"]
    else:
        assert read == made


def test_an_integer_for_a_number_becomes_a_float():
    read = loaded({"type": "Kinds", "rate": 2, "pair": [1, 2], "fraction": 0, "weights": {"a": 2}})
    numbers = (read.rate, *read.pair, read.fraction, read.weights["a"])
    assert [type(number) for number in numbers] == [float, int, float, float, float]


def test_values_by_name_keep_the_order_of_the_spec():
    assert list(loaded({"type": "Kinds", "weights": {"b": 1, "a": 2, "c": 3}}).weights) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("given", "read"),
    [("x.csv", "x.csv"), ("../x.csv", "../x.csv"), ("./a/../x.csv", "x.csv"), ("/data/x.csv", "/data/x.csv")],
)
@pytest.mark.parametrize("name", ["path", "fraction"])
def test_a_path_in_a_table_is_relative_to_the_current_directory(tmp_path, monkeypatch, given, read, name):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    expected = {"x.csv": tmp_path / "here" / "x.csv", "../x.csv": tmp_path / "x.csv"}.get(read, Path(read))
    assert getattr(loaded({"type": "Kinds", name: given}), name) == expected


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("flag", 1, "This must be true or false, but it is the number 1."),
        ("flag", "true", 'This must be true or false, but it is the string "true". Write it without quotes: true.'),
        ("count", True, "This must be an integer, but it is true."),
        ("count", 1.0, "This must be an integer, but it is the number 1.0. Write it without a decimal point: 1."),
        ("count", "1", 'This must be an integer, but it is the string "1". Write it without quotes: 1.'),
        ("rate", "0.1", 'This must be a number, but it is the string "0.1". Write it without quotes: 0.1.'),
        ("rate", False, "This must be a number, but it is false."),
        ("rate", [0.1], "This must be a number, but it is an array of one element."),
        ("text", 3, 'This must be a string, but it is the number 3. Write it in quotes: "3".'),
        ("path", 3, "This must be a string with the path of a file, but it is the number 3."),
        ("maybe", "x", 'This must be an integer, but it is the string "x".'),
        ("mode", "average", 'This must be "minimum" or "maximum", but it is the string "average".'),
        (
            "mode",
            "Minimun",
            'This must be "minimum" or "maximum", but it is the string "Minimun". Did you mean "minimum"?',
        ),
        ("mode", 3, 'This must be "minimum" or "maximum", but it is the number 3.'),
        (
            "padding",
            [1, 2, 3],
            'This must be an integer or "same" or an array of 2 integers, but it is an array of 3 elements.',
        ),
        (
            "padding",
            "sane",
            'This must be an integer or "same" or an array of 2 integers, but it is the string "sane". Did you mean '
            '"same"?',
        ),
        ("fraction", True, "This must be a number or a string with the path of a file, but it is true."),
        ("names", 3, 'This must be a string or an array of strings, but it is the number 3. Write it in quotes: "3".'),
        (
            "inner",
            "L1Loss",
            'This must be a table with a `type`, but it is the string "L1Loss". Write { type = "L1Loss" }.',
        ),
        ("inner", {"weight": 1}, "The `type`, which names the loss, is missing."),
        (
            "inners",
            {"type": "Inner"},
            "This must be an array of losses (tables with a `type`), but it is a table. "
            "Write each with double brackets: [[callbacks.inners]].",
        ),
        ("named", [], "This must be a table of losses (tables with a `type`), but it is an array of 0 elements."),
        ("weights", 1, "This must be a table of numbers, but it is the number 1."),
        (
            "either",
            1,
            'This must be a string or a table of integers, but it is the number 1. Write it in quotes: "1".',
        ),
        (
            "groups",
            3,
            "This must be a string or an array of strings, or a table of elements, each "
            'a string or an array of strings, but it is the number 3. Write it in quotes: "3".',
        ),
        (
            "mode_of",
            "minimun",
            'This must be "minimum" or "maximum" or a table of elements, each "minimum" or "maximum", but it is '
            'the string "minimun". Did you mean "minimum"?',
        ),
        ("count", 0, "0 is out of bounds: it must be at least 1."),
        (
            "count",
            2**63,
            "This integer is out of bounds: it must be at least -9223372036854775808 and at most 9223372036854775807.",
        ),
        ("rate", 0, "0 is out of bounds: it must be greater than 0."),
        ("rate", float("nan"), "This must be a finite number, not nan."),
        ("fraction", 1, "1 is out of bounds: it must be at least 0 and less than 1."),
        ("fraction", 20, "20 is out of bounds: it must be at least 0 and less than 1. 20 percent is 0.2."),
        ("text", "wrong", "This text is wrong."),
    ],
)
def test_an_invalid_value_is_reported_with_what_is_allowed(option, value, message):
    assert problems(**{option: value}) == [f"{option}: {message}"]


def test_an_integer_that_is_too_large_for_a_float_is_reported():
    [reported] = problems(rate=10**400)
    assert reported.startswith("rate: ")
    assert reported.endswith(".")
