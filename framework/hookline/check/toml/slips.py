"""Common mistakes in TOML, and messages for them: two tables, in which the first row that matches applies."""

import re
from collections.abc import Callable

CURLY = "“”„‟‘’‚‛«»`´"
"""Characters that people, or their word processors, write for quotes."""

_NUMBER = r"[+-]?(?:inf|nan|(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_NUMBER_ALONE = re.compile(rf"{_NUMBER}|0[xob][\da-fA-F]+", re.ASCII)
_KEY = r"[\w.\"'-]+[ \t]*="
_BARE = r"[^\s,=\[\]{}\"'#¦]"
_SIGN = r"[^\s\w.\[\]{}=\"'#¦-][^\s=\[\]{}\"'#]*(?<![-+*/:?!<>])|[*/](?=[ \t])"
_SIGNS = "A key with characters other than letters, digits, _ and - needs quotes"
_COLON = "Use = between a key and its value, not a colon"

VALUES: "tuple[tuple[str, str | Callable[[re.Match[str]], str] | None, str], ...]" = (
    (r"^$", None, "The value is missing."),
    (r"^=", None, "One equals sign is enough."),
    (r"^,", None, "A value is missing before this comma."),
    (r"[−–—]", "-", "The minus sign of a number is a hyphen: {0}."),
    (r"(?i)^(none|null|nil|undefined|~)$", None, "TOML has no such value; remove the option."),
    (r"(?i)^(true|yes|on)$", None, "Write `true`."),
    (r"(?i)^(false|no|off)$", None, "Write `false`."),
    (r"(?i)^([+-]?)inf(inity)?$", r"\1inf", "Write `{0}`."),
    (r"(?i)^nan$", "nan", "Write `{0}`."),
    (rf'^[{CURLY}]+([^"\\{CURLY}]{{1,60}})[{CURLY}]*$', None, 'Strings need straight quotes: "{1}".'),
    (rf"^[{CURLY}]", None, "Strings need straight quotes."),
    (r"^\(", None, "Arrays need square brackets: [1, 2]."),
    (r"^[A-Za-z]{1,2}[\"']", None, "A string has no prefix; remove the letters before its quotes."),
    (r"^(\d+-\d+-\d+|\d+:\d+)", None, "This is not a valid date or time, such as 1979-05-27 or 07:32:00."),
    (r"^(?=\.?\d)[\d.eE_]+\s*(\*\*|[*/^+]|(?<![eE])-)\s*[+-]?[\d.(]", None, "TOML cannot compute; write the result."),
    (
        r"^[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+$",
        lambda match: match[0].replace(".", "").replace(",", "."),
        "The only separator in a number is the decimal point: {0}.",
    ),
    (r"^([+-]?[1-9]\d{0,2}),(\d{3})$", r"\1\2", "Numbers contain no commas: {0}, or {1}.{2}."),
    (
        r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$",
        lambda match: match[0].replace(",", ""),
        "Numbers contain no commas: {0}.",
    ),
    (
        rf"^{_NUMBER}(\s*,\s*{_NUMBER}){{2,}}$",
        lambda match: re.sub(r"\s*,\s*", ", ", match[0]),
        "Several values need brackets: [{0}].",
    ),
    (r"^0([XOB])(?=[\dA-Fa-f]+$)", lambda match: match[0].lower(), "The prefix of a number is lowercase: {0}."),
    (r"^(.*[eE][+-]?)$", r"\g<1>3", "An exponent needs digits, as in {0}."),
    (rf"^({_NUMBER})\s*%$", lambda match: f"{float(match[1]) / 100:g}", "Write a percentage as a fraction: {0}."),
    (r"^([+-]?)0+(?=\d)", r"\1", "A number must not start with 0: {0}."),
    (r"^([+-]?)\.(?=\d)", r"\g<1>0.", "A number needs digits on both sides of its decimal point: {0}."),
    (r"(?<=\d)\.(?!\d)", ".0", "A number needs digits on both sides of its decimal point: {0}."),
    (r"^([+-])[+-]+", r"\1", "A number has one sign: {0}."),
    (r"(?<=\d),", ".", "Numbers have a decimal point, not a comma: {0}."),
    (r"^([+-])\s+", r"\1", "No space is allowed between the sign and the number: {0}."),
    (r"_+", "", "Underscores are allowed only between digits: {0}."),
    (r"(?<=\d)[fFdDlLj]$", "", "A number must not end with a letter: {0}."),
    (r'^(?=.*([A-Za-z]{2}|[/~$]))[^"\\]{1,60}$', None, 'Strings need quotes: "{0}".'),
    (r"^([+-]*\.?\d|[+-]\s)", None, "This is not a valid number, such as 12, 0.5 or 1e-3."),
    (r'^[^"\\]{1,60}$', None, 'Strings need quotes: "{0}".'),
    (r"", None, "Strings need quotes."),
)
"""Values: a pattern, what to write for it, and a sentence with the result ({0}) and the groups of the pattern.

With something to write, a row matches only if the result is a number, or several.
"""

_LETTERS = r"^\s*(?P<a>[^={\"¦]*)¦(?P<b>(?![a-zA-Z])[^\W\d_][^=¦]*?)\s*(=|$)"

LINES: tuple[tuple[str, str, str], ...] = (
    ("", r"^¦(?P<at>(<{7}|={7}|>{7}|\|{7}).*)", "This is an unresolved merge conflict."),
    (
        "",
        r"¦(?P<at>[^\S\x00-\x7f]|[\u200b-\u200d\u2060\ufeff])",
        "Invisible character {code}; use ordinary spaces here.",
    ),
    # A value was expected.
    (
        "value in [",
        r"¦(?P<at>[\w.\"'-]+)[ \t]*=",
        "An array has values, not keys. Use braces for a table: {{ type = … }}.",
    ),
    ("value", r"¦(?P<at>[=,])", ""),
    ("value in", r"¦(?P<at>\(.*|[^,\]}]*)", ""),
    ("value", r"¦(?P<at>.*)", ""),
    # The end of a line was expected.
    ("end", rf"(?P<at>{_BARE}+¦([^\s;,]|,(?=\d))+)", ""),
    ("end", r"¦(//|--|/\*)", "Comments start with #."),
    ("end", r"¦(?P<at>[,;])$", 'Remove the "{at}" at the end of the line.'),
    ("end", r"^\[.*¦\]", "There are more closing than opening brackets."),
    (
        "end",
        rf"^[^\[]*?=\s*(?P<first>[^\[=¦]{{1,40}}?)\s*¦(?P<at>,(?!\s*{_KEY})[ \t]*[^\s\[][^\[]{{0,40}})$",
        "Several values need brackets: [{first}{at}].",
    ),
    ("end", rf"^[^\[].*¦,(?!\s*{_KEY})[ \t]*\S", "Several values need brackets."),
    ("end", r"\d\s*¦[-+*/^%]", "TOML cannot compute; write the result."),
    ("end", rf"^\[|¦[;,]*[ \t]*{_KEY}", "Each key and each header needs a line of its own."),
    ("end", r"'\s*¦.*'", "The string ends before this. One that contains ' needs \" around it."),
    ("end", r"\"\s*¦.*\"", "The string ends before this. One that contains \" needs ' around it."),
    ("end", r"¦(?P<at>\r)", "A carriage return alone does not end a line."),
    ("end", r"", "Only a comment (# …) may follow a value on the same line."),
    # A key, a header or a comment was expected.
    ("start", r"¦(//|/\*)", "Comments start with #."),
    ("start", r"¦=", "A key is missing before the equals sign."),
    ("start", r"¦[\]})]", 'This "{sign}" closes nothing.'),
    ("start", rf"¦[{CURLY}]", "Keys need straight quotes, or none."),
    ("start", _LETTERS, 'A key with letters other than a to z needs quotes: "{a}{b}".'),
    ("start", r"", "A line starts with a key, as in `lr = 0.1`, with a header, as in `[optimizer]`, or with #."),
    # An equals sign was expected.
    ("= alone", rf"^\s*(?P<a>[^\s\"\\¦]+)¦(?P<b>{_SIGN})[ \t]*=", f'{_SIGNS}: "{{a}}{{b}}".'),
    ("= alone", r"¦:=?\s*(?P<value>[^\[{=]+)$", f"{_COLON}: {{key}} = {{value}}."),
    ("= in {", r"¦:=?\s*(?P<value>[^\[{=,}]+?)\s*([,}]|$)", f"{_COLON}: {{key}} = {{value}}."),
    ("=", r"¦:", f"{_COLON}."),
    ("= in {", r"(?<![^\s=])(?P<at>[+-]?\d+,\d+)\s*¦", ""),
    ("= alone", _LETTERS, 'A key with letters other than a to z needs quotes: "{a}{b}".'),
    ("=", r"^\s*-(\s.*)?¦", "Write an array in brackets, [1, 2], and one of tables with headers, [[metrics]]."),
    ("=", r"^\s*(?P<name>[^=¦]+?)\s*¦\]", "A header starts with as many brackets as it ends with: [{name}]."),
    ("=", r"¦$", "This key has no value, as in `{key} = …`."),
    ("= alone", r"^\s*(?P<a>[^\"¦]+?)\s*¦(?P<b>[\w -]*?)\s*=", 'A key that contains spaces needs quotes: "{a} {b}".'),
    ("= alone", r"¦[\w -]*=", "A key that contains spaces needs quotes."),
    ("=", r"", "A key and its value are separated by =, as in `{key} = …`."),
    # A key, or a part of one, was expected.
    ("key in {", r"¦[{\[]", "The table is not closed before this: {closing} is missing."),
    ("key", r"¦[^\W\d_]", "A key with letters other than a to z needs quotes."),
    ("key", r"^\s*\[", "A name is missing here."),
    ("key", r"", "A key, or a part of one, is missing here."),
    # The end of a header was expected.
    ("header", r"¦[^\]]+\]", "Separate names in a header with dots; names with other characters need quotes."),
    ("header", r"^\s*(?P<opening>\[\[).*¦\]", "The header starts with two brackets and must end with {closing}."),
    ("header", r"^\s*(?P<opening>\[\[?)", "The header is not closed: {closing} is missing."),
    # A comma or the end of an array or of an inline table was expected.
    ("bracket", rf"(?P<at>{_BARE}+¦[^\s,;)\]}}]+)", ""),
    ("bracket", r"¦[\]})]", "The {what} is closed with {closing}, not with {sign}."),
    ("bracket", r"¦;", "Values are separated by commas."),
    ("bracket", r"", "A comma is missing before this, or the {closing} of the {what}."),
    # An escape sequence was expected.
    ("escape", r"(?P<at>\\u)¦", "\\u must be followed by four hexadecimal digits.{raw}"),
    ("escape", r"(?P<at>\\U)¦", "\\U must be followed by eight hexadecimal digits.{raw}"),
    ("escape", r"(?P<at>\\.?)¦", "{at} is not an escape sequence.{raw}"),
    ("character", r"(?P<at>\\[uU][\dA-Fa-f]+)¦", "No character has this number."),
)
"""Lines: what was expected, and in which bracket; the line with ¦ where tomli stopped; and a sentence.

The group `at` is the text to mark; without it, the character after ¦ is marked. Without a sentence it is a value, to be
looked up in `VALUES`. If the sentence names a closing bracket, the opening bracket is marked as well.
"""


def meant(written: str) -> str:
    """A message for text that is not a value, with a correction if possible.

    >>> meant(".01")
    'A number needs digits on both sides of its decimal point: 0.01.'
    >>> meant("Adam")
    'Strings need quotes: "Adam".'
    """
    for pattern, right, sentence in VALUES:
        if match := re.search(pattern, written, re.ASCII):
            fixed = written if right is None else re.sub(pattern, right, written, flags=re.ASCII)
            if right is None or all(_NUMBER_ALONE.fullmatch(number) for number in fixed.split(", ")):
                return sentence.format(fixed, *match.groups())
    raise AssertionError("The last row matches everything.")
