"""What a body may contain."""

import json

import pytest

from hookline.serving.http.json_body import given_rows
from hookline.serving.http.limits import RefusedError


def test_an_object_is_a_row_and_a_list_is_several():
    single, several = given_rows(b'{"a": 1}', 10), given_rows(b'[{"a": 1}, {"a": [[1]], "b": null}]', 10)
    assert (single.rows, single.is_single) == ([{"a": 1}], True)
    assert given_rows(rb'{"a": "\ud83d\ude00"}', 10).rows == [{"a": "\N{GRINNING FACE}"}]
    assert (several.rows, several.is_single) == ([{"a": 1}, {"a": [[1]], "b": None}], False)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", 400, "The request is not JSON: Expecting value (line 1, column 1)."),
        (b'{"a": 1,}', 400, "The request is not JSON: "),
        (b'{"a": "\xff"}', 400, "The request is not UTF-8."),
        (b'{"a": NaN}', 400, "The request has NaN, which JSON does not have. A missing number is null."),
        (b'[{"a": -Infinity}]', 400, "The request has -Infinity, which JSON does not have."),
        (b'{"a": 1, "b": 2, "a": 3}', 400, 'An object has the key "a" twice.'),
        (b'{"a": {"b": 1, "b": 2}}', 400, 'An object has the key "b" twice.'),
        (b"[" * 100_000, 400, "The request has too many lists or objects inside one another."),
        (
            b'{"a": ' * 50_000 + b"1" + b"}" * 50_000,
            400,
            "The request has too many lists or objects inside one another.",
        ),
        (b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}", 422, "Row 1 has more than 8 lists or objects inside one another."),
        (b'{"a": ' + b"9" * 5000 + b"}", 400, "The request has an integer with too many digits."),
        (rb'{"a": "x\uDC00"}', 400, "The request has \\udc00, which is half of a character."),
        (rb'[{"\ud800": 1}]', 400, "The request has \\ud800, which is half of a character."),
        (b"3", 422, "Send a row as an object, such as {…}, or several as a list of objects."),
        (b"[]", 422, "There are no rows."),
        (b'[{"a": 1}, 2]', 422, "Row 2 is a number, but must be an object with the columns by name."),
        (b"[null]", 422, "Row 1 is null, but must be an object with the columns by name."),
        (json.dumps([{}] * 11).encode(), 413, "The request has 11 rows, but may have 10."),
    ],
)
def test_anything_else_is_refused(body, status, text):
    with pytest.raises(RefusedError) as caught:
        given_rows(body, 10)
    assert caught.value.status == status
    assert caught.value.detail.startswith(text)
