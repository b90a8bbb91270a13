"""Scripts name many columns in one line."""

import pytest

from hookline_data.ejecting.selected import joined, selected

PIXELS = [f"pixel_{index}" for index in range(12)]


@pytest.mark.parametrize(
    ("columns", "every", "expected"),
    [
        (["b", "a"], ["a", "b", "c"], ('["b", "a"]', "")),
        (PIXELS, PIXELS, ("table.column_names", "")),
        (PIXELS, ["digit", *PIXELS], ("table.column_names", ' if name != "digit"')),
        (PIXELS, ["a", *PIXELS, "b"], ("table.column_names", ' if name not in ("a", "b")')),
        (PIXELS, [*map(str, range(9)), *PIXELS], ("table.column_names", ' if name.startswith("pixel_")')),
        (PIXELS[::-1], ["digit", *PIXELS], (str(PIXELS[::-1]).replace("'", '"'), "")),
    ],
)
def test_columns_are_selected_in_their_order(columns, every, expected):
    iterable, condition = selected(columns, every)
    assert (iterable, condition) == expected
    table = type("Table", (), {"column_names": every})
    assert eval(f"[name for name in {iterable}{condition}]", {"table": table}) == columns  # noqa: S307


def test_neighbors_that_differ_only_in_their_names_share_a_line():
    parts = {name: f'scaled(table["{name}"], 2)' for name in "abcd"}
    parts |= {"e": 'scaled(table["e"], 3)', "f": 'one_hot(table["f"], ["f"])', "g": 'one_hot(table["g"], ["g"])'}
    assert list(joined(parts, list("abcdefg"))) == [
        '*(scaled(table[name], 2) for name in ["a", "b", "c", "d"])',
        'scaled(table["e"], 3)',
        'one_hot(table["f"], ["f"])',
        'one_hot(table["g"], ["g"])',
    ]
