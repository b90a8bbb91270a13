"""Values that TOML does not have: what was probably meant, and how it is written."""

import re

_NUMBER = re.compile(r"[+-]?(inf|nan|(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)", re.ASCII)
_COUNTED = re.compile(r"[+-]*(\d|\.\d)")
_COMPUTED = re.compile(r"[\d.eE_]+\s*(\*\*|[*/^+]|(?<![eE])-)\s*[+-]?[\d.(]")
_MINUS = re.compile("[−–—]")
_DATE = re.compile(r"\d+-\d+-\d+|\d+:\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_THOUSANDS_BY_POINTS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?")
_WORDS = {
    **dict.fromkeys(("true", "yes", "on"), "true"),
    **dict.fromkeys(("false", "no", "off"), "false"),
    **{f"{sign}{word}": f"{sign}inf" for sign in ("", "+", "-") for word in ("inf", "infinity")},
    "nan": "nan",
}
_NOTHING = ("none", "null", "nil", "undefined", "~")

LONGEST_EXAMPLE = 60
"""How many signs a text has at most that is shown as it should be written."""

CURLY = "“”„‟‘’‚‛«»`´"
"""Signs that people take, or get from a word processor, for quotes."""


def meant(written: str) -> str:
    """What to say of a value that is none: a sentence, with what to write if that can be known.

    >>> meant(".01")
    'A number has digits on both sides of its point: 0.01.'
    >>> meant("Adam")
    'Text stands in quotes: "Adam".'
    """
    if not written:
        return "The value is missing."
    if written.startswith("="):
        return "One equals sign is enough."
    if written.startswith(","):
        return "Before this comma a value is missing."
    if _MINUS.search(written) and _NUMBER.fullmatch(changed := _MINUS.sub("-", written)):
        return f"The minus sign of a number is the hyphen: {changed}."
    word = written.lower()
    if word in _NOTHING:
        return "TOML has no such value: leave the option out."
    if word in _WORDS:
        return f"It is written `{_WORDS[word]}`."
    if written[0] in CURLY:
        inner = written.strip(CURLY)
        example = "" if not inner or _is_no_example(inner) else f': "{inner}"'
        return f"Text stands in straight quotes{example}."
    if written.startswith("("):
        return "An array stands in square brackets: [1, 2]."
    if re.match("[A-Za-z]{1,2}[\"']", written):
        return "Before the quotes of a text stands nothing."
    if _COUNTED.match(written) or re.match(r"[+-]\s", written):
        return _of_number(written)
    if _is_no_example(written):
        return "Text stands in quotes."
    return f'Text stands in quotes: "{written}".'


def _is_no_example(text: str) -> bool:
    return '"' in text or "\\" in text or len(text) > LONGEST_EXAMPLE


def _of_number(written: str) -> str:
    """What to say of what begins as a number does."""
    if _DATE.match(written):
        return "There is no such date or time; one is written 1979-05-27, or 07:32:00."
    if _COMPUTED.match(written):
        return "Nothing is computed in TOML: write the number itself."
    if _THOUSANDS_BY_POINTS.fullmatch(written) and "," in written:
        return f"A number has one point and no comma: {written.replace('.', '').replace(',', '.')}."
    if _THOUSANDS.fullmatch(written):
        other = f", or {written.replace(',', '.')}" if written.count(",") == 1 and "." not in written else ""
        return f"A number has no comma: {written.replace(',', '')}{other}."
    if written.count(",") > 1 and all(_NUMBER.fullmatch(number.strip()) for number in written.split(",")):
        return f"Several values stand in brackets: [{', '.join(map(str.strip, written.split(',')))}]."
    if re.fullmatch("0[XOB][0-9A-Fa-f]+", written):
        return f"Behind this 0 stands a small letter: {written[:2].lower()}{written[2:]}."
    if (begun := re.fullmatch(r"(.*)[eE][+-]?", written)) and _NUMBER.fullmatch(begun.group(1)):
        return f"After the e of a number stand digits, as in {written}3."
    if (part := re.fullmatch(r"([+-]?[\d.]+)\s*%", written)) and _NUMBER.fullmatch(part.group(1)):
        return f"A percentage is written as a part of one: {float(part.group(1)) / 100:g}."
    for pattern, right, rule in _RULES:
        changed = re.sub(pattern, right, written)
        if changed != written and _NUMBER.fullmatch(changed):
            return f"{rule}: {changed}."
    if re.search("[A-Za-z]{2}|[/~$]", written) and not _is_no_example(written):
        return f'Text stands in quotes: "{written}".'
    return "This is not a number as TOML writes it, such as 12, 0.5 or 1e-3."


_RULES = (
    (r"^([+-]?)0+(?=\d)", r"\1", "A number does not begin with 0"),
    (r"^([+-]?)\.(?=\d)", r"\g<1>0.", "A number has digits on both sides of its point"),
    (r"(?<=\d)\.(?!\d)", ".0", "A number has digits on both sides of its point"),
    (r"^([+-])[+-]+", r"\1", "A number has one sign"),
    (r",", ".", "A number has a point and no comma"),
    (r"^([+-])\s+", r"\1", "Between the sign and the number stands no blank"),
    (r"_+", "", "An underscore stands only between two digits"),
    (r"[fFdDlLj]$", "", "Behind a number stands no letter"),
)
"""What people write in numbers that TOML does not: a pattern, what to write for it, and the rule."""
