"""Unclosed quotes, in minimal files."""

import pytest

from hookline.errors import DataError
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.reading.csv import quotes as csv_quotes

MANY = "This cell has more than 4 lines. Set `multiline = true` to allow this, or close its opening quote."
OPEN = "The opening quote of this cell is not closed."


def rows(changed, count=1000, end="\n"):
    """Return a table with some rows changed; rows are counted from 1."""
    lines = [changed.get(number, f"{number},2,k,{'uv'[number % 2]}") for number in range(1, count + 1)]
    return end.join(["a,b,c,y", *lines, ""])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("changed", "place", "message"),
    [
        ({500: '500,2,k,"u'}, 'row 500, column "y"', MANY),
        ({500: '500,2,k,"u', 800: '800,2,k,"u'}, 'row 500, column "y"', MANY),
        ({500: '500,2,"k,u', 800: '800,2,k",u'}, 'row 500, column "c"', MANY),
        ({500: '500,2,5" k,u', 501: '501,"2","k,u'}, 'row 501, column "c"', MANY),
        ({998: '998,2,k,"u'}, 'row 998, column "y"', OPEN),
        ({1000: '1000,2,k,"u'}, 'row 1000, column "y"', OPEN),
        ({1000: '1000,2,"k ""5"",u'}, 'row 1000, column "c"', OPEN),
        (
            {500: '500,2,k,"u', 501: '501,2,k,"u'},
            'row 500, column "y"',
            "This cell has 2 lines, and text follows its closing quote: a quote is missing.",
        ),
    ],
)
def test_a_quote_that_swallows_rows_is_reported_with_the_row_and_column_where_it_opens(
    prepare, tmp_path, end, changed, place, message
):
    with pytest.raises(DataError) as caught:
        prepare(rows(changed, end=end), loss="CrossEntropyLoss", inputs="a")
    assert str(caught.value) == f"{tmp_path / 'table.csv'}: {place}: {message}"


@pytest.mark.parametrize(
    "changed",
    [
        {1: '1,2,"k ""5"" k",u'},
        {1: '1,2,k 5" k",u'},
        {1: '1,"2","k\nl\n\nm",u', 2: '2,"2","k\n,",v'},
        {1: '1,2,"k\n""\n",u', 2: '2,2,"k","v"'},
        {1000: '1000,2,"k","u"'},
    ],
)
@pytest.mark.parametrize("last", ["\n", ""])
def test_correct_quotes_lose_no_row(prepare, changed, last):
    data = prepare(rows(changed).removesuffix("\n") + last, loss="CrossEntropyLoss", inputs="a")
    assert data.training.all.input[:, 0].tolist() == [*range(1, 1001)]
    assert data.target.classes == ("u", "v")


def test_cells_of_many_lines_are_read_with_multiline(prepare):
    changed = {500: '500,2,"k\n\n\n\n\nl",u'}
    with pytest.raises(DataError, match=r'row 500, column "c": This cell has more than 4 lines'):
        prepare(rows(changed), loss="CrossEntropyLoss", inputs="a")
    data = prepare(rows(changed), loss="CrossEntropyLoss", inputs="a", multiline=True)
    assert data.training.rows == 1000


@pytest.mark.parametrize("changed", [{500: '500,2,k,"u'}, {500: '500,2,k,"u', 800: '800,2,k,"u'}])
def test_a_stray_quote_is_an_error_even_with_multiline(prepare, changed):
    with pytest.raises(DataError, match=r'row 500, column "y": (The opening quote|This cell has 301 lines, and text)'):
        prepare(rows(changed), loss="CrossEntropyLoss", inputs="a", multiline=True)


def test_an_unclosed_quote_in_the_header_is_reported(prepare):
    with pytest.raises(
        DataError, match=r'table\.csv: There is no column "y"|column 3 of the header: The opening quote'
    ):
        prepare('a,y,"c\n1,2,3\n', inputs="a")


def test_long_cells_are_shortened_in_messages(prepare):
    with pytest.raises(DataError) as caught:
        prepare(f'a,y\n1,2\n"{"secret " * 100}\n",3\n')
    assert str(caught.value).endswith(
        ': row 2, column "a": "secret secret secret secret secret se..." is not a number.'
    )


def test_two_stray_quotes_do_not_merge_rows_into_a_class(prepare, tmp_path):
    lines = [f"{row},{'uv'[row % 2]}" for row in range(1, 41)]
    lines[20], lines[22] = '20,"p', '22,p"'
    text = "\n".join(["a,y", *lines, ""])
    with pytest.raises(DataError) as caught:
        prepare(text, loss="CrossEntropyLoss")
    message = MANY.replace("more than 4", "3")
    assert str(caught.value) == f'{tmp_path / "table.csv"}: row 21, column "y": {message}'
    assert len(prepare(text, loss="CrossEntropyLoss", multiline=True).target.classes) == 3


@pytest.mark.parametrize("block", [1, 2, 5, 2**20])
@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("a,b\n1,2\n", (2, "1,2\n")),
        ("a,b\n1,2", (2, "1,2\n")),
        ("a,b\n", (1, "a,b\n")),
        ("", (0, "\n")),
        ("a,b\n\n1,2\n", None),
        ("\na,b\n", None),
        ("a,b\r\n1,2\r\n", None),
    ],
)
def test_lines_are_counted_in_blocks_of_any_size(tmp_path, monkeypatch, block, text, counted):
    monkeypatch.setattr(csv_quotes, "BLOCK", block)
    (tmp_path / "x.csv").write_bytes(text.encode())
    assert csv_quotes._counted(CSVFile(tmp_path / "x.csv")) == counted
