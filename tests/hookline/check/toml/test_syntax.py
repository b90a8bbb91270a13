import pytest
import tomli

from hookline.check.toml.syntax import explained


def fault_of(text):
    with pytest.raises(tomli.TOMLDecodeError) as error:
        tomli.loads(text)
    return explained(text, error.value)


NOT_CLOSED = "The array is not closed: ] is missing."
QUOTE = 'The string is not closed on its line: " is missing.'
NOT_SEEN = "Invisible character U+{}; use ordinary spaces here."
SIGNS = "A key with characters other than letters, digits, _ and - needs quotes"
SINGLE = "Strings in single quotes keep their backslashes"


@pytest.mark.parametrize(
    ("text", "start", "marked", "message"),
    [
        # Values.
        ("lr = .01", 5, ".01", "A number needs digits on both sides of its decimal point: 0.01."),
        ("lr = 01 # one", 5, "01", "A number must not start with 0: 1."),
        ("lr = 0,01", 5, "0,01", "Numbers have a decimal point, not a comma: 0.01."),
        ("o = { lr = 0,01 }", 11, "0,01", "Numbers have a decimal point, not a comma: 0.01."),
        ("x = [1, 02, 3]", 8, "02", "A number must not start with 0: 2."),
        ("x = [True, False]", 5, "True", "Write `true`."),
        ("x = truely", 4, "truely", 'Strings need quotes: "truely".'),
        ("type = Adam # x", 7, "Adam", 'Strings need quotes: "Adam".'),
        ("x =\ny = 1", 3, "", "The value is missing."),
        ("x = [1,,2]", 7, ",", "A value is missing before this comma."),
        # Text after values.
        ("x = 1 y = 2", 6, "y = 2", "Each key and each header needs a line of its own."),
        ("[a] x = 1", 4, "x = 1", "Each key and each header needs a line of its own."),
        ("x = 1;", 5, ";", 'Remove the ";" at the end of the line.'),
        ("x = 1,\ny = 2", 5, ",", 'Remove the "," at the end of the line.'),
        ("x = 1 // one", 6, "// one", "Comments start with #."),
        ("x = 1 + 2", 6, "+ 2", "TOML cannot compute; write the result."),
        ("[a]]", 3, "]", "There are more closing than opening brackets."),
        ("x = 'it's'", 8, "s'", "The string ends before this. One that contains ' needs \" around it."),
        ("x = 3 epochs", 6, "epochs", "Only a comment (# …) may follow a value on the same line."),
        ('x = "a", "b"', 7, ', "b"', 'Several values need brackets: ["a", "b"].'),
        ("x = 1, 8, 8 # x", 5, ", 8, 8", "Several values need brackets: [1, 8, 8]."),
        ("x = 1, y = 2", 5, ", y = 2", "Each key and each header needs a line of its own."),
        ("x = \u00a01", 4, "\u00a0", NOT_SEEN.format("00A0")),
        ("x\u00a0= 1", 1, "\u00a0", NOT_SEEN.format("00A0")),
        ("\u200bx = 1", 0, "\u200b", NOT_SEEN.format("200B")),
        (
            'x = [type = "SGD"]',
            5,
            "type",
            "An array has values, not keys. Use braces for a table: { type = … }.",
        ),
        # Keys and headers.
        ("pixel_* = 1", 6, "*", f'{SIGNS}: "pixel_*".'),
        ("a/b = 1", 1, "/", f'{SIGNS}: "a/b".'),
        ("a:b = 1", 1, ":", f'{SIGNS}: "a:b".'),
        ("lr: = 1", 2, ":", "Use = between a key and its value, not a colon."),
        ("lr += 1", 3, "+", "A key and its value are separated by =, as in `lr = …`."),
        ('"a" b = 1', 4, "b", "A key that contains spaces needs quotes."),
        ("lr: 0.1", 2, ":", "Use = between a key and its value, not a colon: lr = 0.1."),
        ("x = { lr: 0.1, a = 1 }", 8, ":", "Use = between a key and its value, not a colon: lr = 0.1."),
        ("lr 0.1", 3, "0", "A key and its value are separated by =, as in `lr = …`."),
        ("learning rate = 1", 9, "r", 'A key that contains spaces needs quotes: "learning rate".'),
        ("lr", 2, "", "This key has no value, as in `lr = …`."),
        ("model]", 5, "]", "A header starts with as many brackets as it ends with: [model]."),
        ("- x", 2, "x", "Write an array in brackets, [1, 2], and one of tables with headers, [[metrics]]."),
        ("= 1", 0, "=", "A key is missing before the equals sign."),
        ("größe = 1\nü = 2", 2, "ö", 'A key with letters other than a to z needs quotes: "größe".'),
        ("ü = 2", 0, "ü", 'A key with letters other than a to z needs quotes: "ü".'),
        ("x = 1\n}", 6, "}", 'This "}" closes nothing.'),
        ("// x", 0, "/", "Comments start with #."),
        ("[a..b]", 3, ".", "A name is missing here."),
        (
            "[my model]",
            4,
            "m",
            "Separate names in a header with dots; names with other characters need quotes.",
        ),
        (
            "x = 1\n<<<<<<< HEAD\n",
            6,
            "<<<<<<< HEAD",
            "This is an unresolved merge conflict.",
        ),
        # Text.
        (
            'x = "C:\\data"',
            7,
            "\\d",
            rf"\d is not an escape sequence. {SINGLE}: 'C:\data'.",
        ),
        (
            'x = "C:\\Users"',
            7,
            "\\U",
            rf"\U must be followed by eight hexadecimal digits. {SINGLE}: 'C:\Users'.",
        ),
        ('x = "a\x01"', 6, "\x01", "Control characters are not allowed in a string; write \\u0001, in double quotes."),
        ("# \x01", 2, "\x01", "Control characters are not allowed in a comment."),
    ],
)
def test_a_syntax_error_is_reported_at_its_position_with_a_correction(text, start, marked, message):
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
        ("x = { a = 1\ny = 2", 12, (4, 5), "The table is not closed: } is missing."),
        ("x = [\n{ a = 1,\n{ a = 2 }]", 15, (6, 7), "The table is not closed before this: } is missing."),
        ("x = [1 2]", 7, (4, 5), "A comma is missing before this, or the ] of the array."),
        ("x = [{ a = 1 }\n{ a = 2 }]", 15, (4, 5), "A comma is missing before this, or the ] of the array."),
        ('x = [\n["a", "b"],\n["c"]\n["d"]\n]', 24, (4, 5), "A comma is missing before this, or the ] of the array."),
        ('x = [["c"]\n["my model".layers]\n', 11, (4, 5), NOT_CLOSED),
        ("x = [1, 2)", 9, (4, 5), "The array is closed with ], not with )."),
        ("[model\nx = 1", 6, (0, 1), "The header is not closed: ] is missing."),
        ("x = 1\n [[model\nx = 1", 14, (7, 9), "The header is not closed: ]] is missing."),
        ("[[model]\nx = 1", 7, (0, 2), "The header starts with two brackets and must end with ]]."),
        ('x = "abc\ny = "d"', 8, (4, 5), QUOTE),
        ("x = 'abc\ny = 'd'", 8, (4, 5), QUOTE.replace('"', "'")),
        ("x = 'abc\ny = 2", 8, (4, 5), QUOTE.replace('"', "'")),
        ('x = ["a", "b]', 13, (10, 11), QUOTE),
        ('"abc = 1\n', 8, (0, 1), QUOTE),
        ('x = "abc”\n', 9, (4, 5), f"{QUOTE} A string ends with the quote that it starts with, not with ”."),
        ('x = """abc\ny = 2\n', 16, (4, 7), 'The string is not closed: """ is missing.'),
    ],
)
def test_an_unclosed_bracket_or_quote_is_reported_with_its_start(text, start, opening, message):
    fault = fault_of(text)
    assert (fault.message, fault.span[0], fault.against) == (message, start, (opening,))
