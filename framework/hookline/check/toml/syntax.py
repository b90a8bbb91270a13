"""A text that is not TOML, in words of our own: what is wrong where tomli stopped, and what to write.

tomli tells what it expected, and where. What was probably meant is seen in the text around that place.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hookline.check.toml import syntax_strings as not_strings
from hookline.check.toml.syntax_fault import Fault, innermost, line_end, line_start, one, rest_of_line
from hookline.check.toml.syntax_values import CURLY, LONGEST_EXAMPLE, meant
from hookline.errors.text import shortened

if TYPE_CHECKING:
    import tomli

_BARE = re.compile(r"[^\s,=\[\]{}\"'#]*$")
_KEY_AND_EQUALS = re.compile(r"[ \t]*[\w.\"'-]+[ \t]*=")
_SIGNS_AND_EQUALS = re.compile(r"[^\s\w.\[\]{}=\"'#-][^\s=\[\]{}\"'#]*(?<![-+*/:?!<>])[ \t]*=|[*/][ \t]+=")
_ONE_STRING = r"[\"'][^\"'\n]*[\"'][ \t]*\]"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*(?!{_ONE_STRING})[A-Za-z_\"'][^\[\]{{}},=\n]*\]\]?[ \t]*(#[^\n]*)?(\n|$)")
"""A line that is a header, and no array of one string."""
_NOT_SEEN = "\u200b\u200c\u200d\u2060\ufeff"
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def explained(text: str, error: "tomli.TOMLDecodeError") -> Fault:
    """What is wrong with a text that tomli refused so."""
    position = min(error.pos, len(text))
    if text.startswith(_CONFLICT, line_start(text, position)):
        span = line_start(text, position), line_end(text, position)
        return Fault("Here two versions of the file were merged, and it is not decided which one holds.", span)
    if (sign := text[position : position + 1]) and not sign.isascii() and (sign.isspace() or sign in _NOT_SEEN):
        message = f"Here stands the sign U+{ord(sign):04X}, which is not seen: between keys and values stand blanks."
        return Fault(message, one(text, position))
    for begins, explain in _EXPLAINED.items():
        if error.msg.startswith(begins):
            return explain(text, position)
    return Fault(f"{error.msg}.", (position, min(position + 1, len(text))))


def _begins_anew(text: str, position: int) -> bool:
    """Whether a line with a key or a header begins there, or the text ends."""
    if position >= len(text):
        return True
    if text[line_start(text, position) : position].strip():
        return False
    return bool(_KEY_AND_EQUALS.match(text, position) or _HEADER.match(text, position))


def _value(text: str, position: int) -> Fault:
    """Where a value should be there is none."""
    bracket = innermost(text, position)
    line = line_start(text, position)
    # In an array a line that begins anew is not part of it; an inline table has keys, too.
    is_array = bracket is not None and text[bracket[0]] == "["
    for start in (position, line) if is_array else ():
        if _begins_anew(text, start) and innermost(text, start):
            return _bracket(text, start)
    written = rest_of_line(text, position)
    if is_array and _KEY_AND_EQUALS.match(written):
        message = "An array has values and no keys; a table with keys stands in braces: { type = … }."
        return Fault(message, (position, position + len(written.partition("=")[0].rstrip())))
    if bracket and written[:1] not in (",", "("):
        written = re.split(r"[,\]}]", written, maxsplit=1)[0].rstrip()
    end = position + (1 if written[:1] in ("=", ",") else len(written))
    return Fault(meant(written), (position, end))


def _written(text: str, position: int) -> Fault | None:
    """If a value is not over at a place, since it is none: all of it."""
    start = position - len(_BARE.search(text[max(0, position - 200) : position]).group())  # type: ignore[union-attr]
    if start == position:
        return None
    bracket = innermost(text, position)
    written = re.split(r"[\s,;)\]}]" if bracket else r"[\s;]|,(?!\d)", rest_of_line(text, start), maxsplit=1)[0]
    if start + len(written) <= position:
        return None
    return Fault(meant(written), (start, start + len(written)))


def _statement(text: str, position: int) -> Fault:
    """Behind a value or a header stands something."""
    if fault := _written(text, position):
        return fault
    rest, before = rest_of_line(text, position), text[line_start(text, position) : position].rstrip()
    message = "Behind a value stands nothing on its line but a comment, which begins with #."
    if rest.startswith(("//", "--", "/*")):
        message = "A comment begins with #."
    elif rest in (",", ";"):
        message = f'A line ends without "{rest}".'
    elif rest.startswith("]") and before.startswith("["):
        message = "One bracket is too many: as many close as open."
    elif re.match(r",[ \t]*[^ \t]", rest) and not _KEY_AND_EQUALS.match(rest[1:]) and not before.startswith("["):
        value = f"{before}{rest}".partition("=")[2].strip()
        example = f": [{value}]" if len(value) <= LONGEST_EXAMPLE and "[" not in value else ""
        message = f"Several values stand in brackets{example}."
    elif re.match(r"[-+*/^%]", rest) and before[-1:].isdigit():
        message = "Nothing is computed in TOML: write the number itself."
    elif _KEY_AND_EQUALS.match(rest.lstrip(";,")) or before.startswith("["):
        message = "Each key stands on a line of its own, and so does each header."
    elif before[-1:] in ("'", '"') and before[-1:] in rest:
        other = '"' if before[-1:] == "'" else "'"
        message = f"The text ends before this. One that has {before[-1:]} in it stands in {other}."
    elif text[position : position + 1] == "\r":
        message = "A line ends with a line feed, or with both signs; here is only a carriage return."
    return Fault(message, (position, max(position + len(rest), one(text, position)[1])))


def _beginning(text: str, position: int) -> Fault:
    """A line begins with what is no key, no header and no comment."""
    sign = text[position]
    message = "A line begins with a key, as `lr = 0.1`, with a header, as `[optimizer]`, or with #."
    if text.startswith(("//", "/*"), position):
        message = "A comment begins with #."
    elif sign == "=":
        message = "Before the equals sign a key is missing."
    elif sign in "]})":
        message = f'Here "{sign}" closes what is not open.'
    elif sign in CURLY:
        message = "A key stands in straight quotes, or in none."
    elif sign.isalpha():
        return _letters(text, position)
    return Fault(message, one(text, position))


def _letters(text: str, position: int) -> Fault:
    """A key has letters that one without quotes cannot have."""
    key = text[line_start(text, position) : line_end(text, position)].partition("=")[0].strip()
    message = f'A key of other letters than a to z stands in quotes: "{shortened(key)}".'
    return Fault(message, one(text, position))


def _equals(text: str, position: int) -> Fault:
    """Behind a key stands no equals sign."""
    before = text[line_start(text, position) : position]
    line = before.strip()
    rest, bracket = rest_of_line(text, position), innermost(text, position)
    key = shortened(re.split("[{,]", line)[-1].strip() or "lr")
    span = one(text, position)
    if not bracket and before[-1:].strip() and _SIGNS_AND_EQUALS.match(rest):
        name = f"{line}{rest.partition('=')[0]}".strip()
        example = "" if '"' in name or "\\" in name else f': "{shortened(name)}"'
        return Fault(f"A key with other signs than letters, digits, _ and - stands in quotes{example}.", span)
    if colon := re.match(r":=?", rest):
        value = re.split(r"[,}]", rest[colon.end() :].strip())[0].rstrip() if bracket else rest[colon.end() :].strip()
        example = f": {key} = {shortened(value)}" if value and not re.search(r"[\[{=]", value) else ""
        return Fault(f"Between a key and its value stands =, and no colon{example}.", span)
    if bracket and key.isdigit() and (number := re.search(r"[+-]?\d+,\d+(?=\s*$)", before)):
        start = position - len(before) + number.start()
        return Fault(meant(number.group()), (start, start + len(number.group())))
    if rest[:1].isalpha() and not rest[:1].isascii() and not bracket:
        return _letters(text, position)
    if line == "-" or line.startswith("- "):
        return Fault("An array stands in brackets, [1, 2], and one of tables has headers, [[metrics]].", span)
    if rest.startswith("]") and "=" not in line:
        return Fault(f"A header begins with as many brackets as it ends with: [{shortened(line)}].", span)
    if not rest:
        return Fault(f"This key has no value, as in `{key} = …`.", span)
    if re.fullmatch(r"[\w -]*=.*", rest) and "=" in rest and not bracket:
        name = f"{line} {rest.partition('=')[0]}".strip()
        example = "" if '"' in name else f': "{shortened(name)}"'
        return Fault(f"A key with a blank in it stands in quotes{example}.", span)
    return Fault(f"Between a key and its value stands =, as in `{key} = …`.", span)


def _key(text: str, position: int) -> Fault:
    """Where a key, or a part of one, should be there is none."""
    bracket = innermost(text, position)
    if bracket and text[position : position + 1] in ("{", "[") and text[bracket[0]] == "{":
        return Fault("The table is not closed before this: its } is missing.", one(text, position), (bracket,))
    sign = text[position : position + 1]
    where = "a name" if text[line_start(text, position) :].lstrip().startswith("[") else "a key, or a part of one,"
    other = " Of other letters than a to z it stands in quotes." if sign.isalpha() else ""
    return Fault(f"Here {where} is missing.{other}", one(text, position))


def _header(text: str, position: int) -> Fault:
    """A header is not closed as it was opened."""
    start = text.index("[", line_start(text, position))
    opening = "[[" if text.startswith("[[", start) else "["
    span, closing = (start, start + len(opening)), opening.replace("[", "]")
    rest = rest_of_line(text, position)
    if rest and not rest.startswith("]") and "]" in rest:
        message = "Names in a header have points between them, and one with other signs than letters stands in quotes."
        return Fault(message, one(text, position))
    if opening == "[[" and rest.startswith("]"):
        return Fault("The header has two brackets before its name, and one behind it.", one(text, position), (span,))
    return Fault(f"The header is not closed: its {closing} is missing.", one(text, position), (span,))


def _bracket(text: str, position: int) -> Fault:
    """In an array or inline table there is neither a comma nor its end."""
    bracket = innermost(text, position)
    if bracket is None:  # That cannot be; but if it were, there would be no reason to fail.
        return Fault("Here a comma is missing, or a bracket that closes.", one(text, position))
    is_array = text[bracket[0]] == "["
    what, closing = ("array", "]") if is_array else ("table", "}")
    if _begins_anew(text, position):
        position = min(position, len(text.rstrip()))
        return Fault(f"The {what} is not closed: its {closing} is missing.", one(text, position), (bracket,))
    if fault := _written(text, position):
        return fault
    if text[position : position + 1] in ("]", "}", ")"):
        wrong = text[position]
        return Fault(f"The {what} is closed by {closing}, and not by {wrong}.", one(text, position), (bracket,))
    if text[position : position + 1] == ";":
        return Fault("Between two values stands a comma.", one(text, position))
    return Fault(f"Before this a comma is missing, or the {closing} of the {what}.", one(text, position), (bracket,))


_EXPLAINED: dict[str, Callable[[str, int], Fault]] = {
    "Invalid value": _value,
    "Invalid date or datetime": _value,
    "Expected newline or end of document": _statement,
    "Invalid statement": _beginning,
    "Expected '=' after a key": _equals,
    "Invalid initial character for a key part": _key,
    "Expected ']": _header,
    "Unclosed array": _bracket,
    "Unclosed inline table": _bracket,
    "Unterminated string": not_strings.string,
    "Expected \"'": not_strings.string,
    "Illegal character": not_strings.string,
    "Found invalid character": not_strings.control,
    "Unescaped '\\' in a string": not_strings.escape,
    "Invalid hex value": not_strings.escape,
    "Escaped character is not": not_strings.character,
}
"""What explains each of tomli's messages, by how it begins."""
