import pytest
import tomli

from hookline.check.toml.syntax import explained


def fault_of(text):
    with pytest.raises(tomli.TOMLDecodeError) as error:
        tomli.loads(text)
    return explained(text, error.value)


NOT_CLOSED = "The array is not closed: its ] is missing."
QUOTE = 'The text is not closed on its line: its " is missing.'
NOT_SEEN = "Here stands the sign U+{}, which is not seen: between keys and values stand blanks."
SIGNS = "A key with other signs than letters, digits, _ and - stands in quotes"
SINGLE = "A text in single quotes has its backslashes as they are"


@pytest.mark.parametrize(
    ("text", "start", "marked", "message"),
    [
        # Values.
        ("lr = .01", 5, ".01", "A number has digits on both sides of its point: 0.01."),
        ("lr = 01 # one", 5, "01", "A number does not begin with 0: 1."),
        ("lr = 0,01", 5, "0,01", "A number has a point and no comma: 0.01."),
        ("o = { lr = 0,01 }", 11, "0,01", "A number has a point and no comma: 0.01."),
        ("x = [1, 02, 3]", 8, "02", "A number does not begin with 0: 2."),
        ("x = [True, False]", 5, "True", "It is written `true`."),
        ("x = truely", 4, "truely", 'Text stands in quotes: "truely".'),
        ("type = Adam # x", 7, "Adam", 'Text stands in quotes: "Adam".'),
        ("x =\ny = 1", 3, "", "The value is missing."),
        ("x = [1,,2]", 7, ",", "Before this comma a value is missing."),
        # What stands behind them.
        ("x = 1 y = 2", 6, "y = 2", "Each key stands on a line of its own, and so does each header."),
        ("[a] x = 1", 4, "x = 1", "Each key stands on a line of its own, and so does each header."),
        ("x = 1;", 5, ";", 'A line ends without ";".'),
        ("x = 1,\ny = 2", 5, ",", 'A line ends without ",".'),
        ("x = 1 // one", 6, "// one", "A comment begins with #."),
        ("x = 1 + 2", 6, "+ 2", "Nothing is computed in TOML: write the number itself."),
        ("[a]]", 3, "]", "One bracket is too many: as many close as open."),
        ("x = 'it's'", 8, "s'", "The text ends before this. One that has ' in it stands in \"."),
        ("x = 3 epochs", 6, "epochs", "Behind a value stands nothing on its line but a comment, which begins with #."),
        ('x = "a", "b"', 7, ', "b"', 'Several values stand in brackets: ["a", "b"].'),
        ("x = 1, 8, 8 # x", 5, ", 8, 8", "Several values stand in brackets: [1, 8, 8]."),
        ("x = 1, y = 2", 5, ", y = 2", "Each key stands on a line of its own, and so does each header."),
        ("x = \u00a01", 4, "\u00a0", NOT_SEEN.format("00A0")),
        ("x\u00a0= 1", 1, "\u00a0", NOT_SEEN.format("00A0")),
        ("\u200bx = 1", 0, "\u200b", NOT_SEEN.format("200B")),
        (
            'x = [type = "SGD"]',
            5,
            "type",
            "An array has values and no keys; a table with keys stands in braces: { type = … }.",
        ),
        # Keys and headers.
        ("pixel_* = 1", 6, "*", f'{SIGNS}: "pixel_*".'),
        ("a/b = 1", 1, "/", f'{SIGNS}: "a/b".'),
        ("a:b = 1", 1, ":", f'{SIGNS}: "a:b".'),
        ("lr: = 1", 2, ":", "Between a key and its value stands =, and no colon."),
        ("lr += 1", 3, "+", "Between a key and its value stands =, as in `lr = …`."),
        ('"a" b = 1', 4, "b", "A key with a blank in it stands in quotes."),
        ("lr: 0.1", 2, ":", "Between a key and its value stands =, and no colon: lr = 0.1."),
        ("x = { lr: 0.1, a = 1 }", 8, ":", "Between a key and its value stands =, and no colon: lr = 0.1."),
        ("lr 0.1", 3, "0", "Between a key and its value stands =, as in `lr = …`."),
        ("learning rate = 1", 9, "r", 'A key with a blank in it stands in quotes: "learning rate".'),
        ("lr", 2, "", "This key has no value, as in `lr = …`."),
        ("model]", 5, "]", "A header begins with as many brackets as it ends with: [model]."),
        ("- x", 2, "x", "An array stands in brackets, [1, 2], and one of tables has headers, [[metrics]]."),
        ("= 1", 0, "=", "Before the equals sign a key is missing."),
        ("größe = 1\nü = 2", 2, "ö", 'A key of other letters than a to z stands in quotes: "größe".'),
        ("ü = 2", 0, "ü", 'A key of other letters than a to z stands in quotes: "ü".'),
        ("x = 1\n}", 6, "}", 'Here "}" closes what is not open.'),
        ("// x", 0, "/", "A comment begins with #."),
        ("[a..b]", 3, ".", "Here a name is missing."),
        (
            "[my model]",
            4,
            "m",
            "Names in a header have points between them, and one with other signs than letters stands in quotes.",
        ),
        (
            "x = 1\n<<<<<<< HEAD\n",
            6,
            "<<<<<<< HEAD",
            "Here two versions of the file were merged, and it is not decided which one holds.",
        ),
        # Text.
        (
            'x = "C:\\data"',
            7,
            "\\d",
            rf"A backslash in double quotes begins a sign such as \n, and this is none. {SINGLE}: 'C:\data'.",
        ),
        (
            'x = "C:\\Users"',
            7,
            "\\U",
            rf"After \U stand the eight hexadecimal digits of a character. {SINGLE}: 'C:\Users'.",
        ),
        ('x = "a\x01"', 6, "\x01", "A text has no control characters in it: write \\u0001, in double quotes."),
        ("# \x01", 2, "\x01", "A comment has no control characters in it."),
    ],
)
def test_what_is_wrong_is_told_where_it_stands_with_what_to_write(text, start, marked, message):
    fault = fault_of(text)
    assert (fault.message, fault.against) == (message, ())
    assert (fault.span[0], text[slice(*fault.span)].strip("\n")) == (start, marked)


@pytest.mark.parametrize(
    ("text", "start", "opening", "message"),
    [
        ("x = [1, 2\ny = 3", 10, (4, 5), NOT_CLOSED),
        ("x = [1,\n2,\ny = 3", 11, (4, 5), NOT_CLOSED),
        ("x = [1,\n2,\n[b]\ny = 3", 11, (4, 5), NOT_CLOSED),
        ("x = [[1], [2]\n[[b]]\ny = 3", 14, (4, 5), NOT_CLOSED),
        ("x = [1,\n2\n\n", 9, (4, 5), NOT_CLOSED),
        ("x = { a = 1\ny = 2", 12, (4, 5), "The table is not closed: its } is missing."),
        ("x = [\n{ a = 1,\n{ a = 2 }]", 15, (6, 7), "The table is not closed before this: its } is missing."),
        ("x = [1 2]", 7, (4, 5), "Before this a comma is missing, or the ] of the array."),
        ("x = [{ a = 1 }\n{ a = 2 }]", 15, (4, 5), "Before this a comma is missing, or the ] of the array."),
        ('x = [\n["a", "b"],\n["c"]\n["d"]\n]', 24, (4, 5), "Before this a comma is missing, or the ] of the array."),
        ('x = [["c"]\n["my model".layers]\n', 11, (4, 5), NOT_CLOSED),
        ("x = [1, 2)", 9, (4, 5), "The array is closed by ], and not by )."),
        ("[model\nx = 1", 6, (0, 1), "The header is not closed: its ] is missing."),
        ("x = 1\n [[model\nx = 1", 14, (7, 9), "The header is not closed: its ]] is missing."),
        ("[[model]\nx = 1", 7, (0, 2), "The header has two brackets before its name, and one behind it."),
        ('x = "abc\ny = "d"', 8, (4, 5), QUOTE),
        ("x = 'abc\ny = 'd'", 8, (4, 5), QUOTE.replace('"', "'")),
        ("x = 'abc\ny = 2", 8, (4, 5), QUOTE.replace('"', "'")),
        ('x = ["a", "b]', 13, (10, 11), QUOTE),
        ('"abc = 1\n', 8, (0, 1), QUOTE),
        ('x = "abc”\n', 9, (4, 5), f"{QUOTE} It ends with the sign with which it begins, and not with ”."),
        ('x = """abc\ny = 2\n', 16, (4, 7), 'The text is not closed: its """ is missing.'),
    ],
)
def test_what_is_not_closed_is_told_with_where_it_begins(text, start, opening, message):
    fault = fault_of(text)
    assert (fault.message, fault.span[0], fault.against) == (message, start, (opening,))
