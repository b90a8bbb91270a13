import pytest
import tomli
from toml_suite import INVALID, VALID, needed

from hookline.check.toml.spans import DEEPEST, NotASpecError, scan, scan_before


def leaves(value, path=()):
    """The values of a document by path, tables and arrays too."""
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def read(path):
    return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")


@needed
def test_every_value_of_every_valid_file_is_found_as_tomli_reads_it():
    values = keys = 0
    for path in VALID:
        text = read(path)
        table, found = tomli.loads(text), scan(text)
        everything = dict(leaves(table))
        assert set(found.keys) == {path for path in everything if isinstance(path[-1], str)}
        assert set(found.values) - {()} <= set(everything)
        for place, value in everything.items():
            if not isinstance(value, (dict, list)):
                begin, end = found.values[place]
                again = tomli.loads(f"x = {text[begin:end]}")["x"]
                assert (again, type(again)) == (value, type(value)) or (again != again and value != value)
                values += 1
        for place, (begin, end) in found.keys.items():
            assert list(tomli.loads(f"{text[begin:end]} = 0")) == [place[-1]]
            keys += 1
    assert (len(VALID), values, keys) >= (200, 700, 800)


@needed
def test_an_invalid_text_is_scanned_up_to_the_position_where_tomli_stops():
    for path in INVALID:
        try:
            text = read(path)
            tomli.loads(text)
        except UnicodeDecodeError:
            continue
        except tomli.TOMLDecodeError as error:
            try:
                begins = [span[0] for _, span in scan_before(text, error.pos).in_order]
            except NotASpecError as other:
                begins = [other.span[0]]
            assert begins == sorted(begins)


@needed
def test_a_truncated_text_is_scanned_to_its_end():
    for path in VALID:
        text = read(path)
        for end in range(0, len(text), 7):
            try:
                found = scan_before(text, end)
            except NotASpecError:
                continue
            assert [span[0] for _, span in found.in_order] == sorted(span[0] for _, span in found.in_order)


TEXT = """\
top = 1 # a comment
"a key" . 'another' = [1, { b = "]#", c = '''
x''' }, ]

[table.inner]
word = "größer \\" = 3" # = 4
[[array]]
[[array]]
[array.sub]
y = 1979-05-27 07:32:00
[[array.sub.deep]]
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("top",), "top", "1"),
        (("a key",), '"a key"', None),
        (("a key", "another"), "'another'", "[1, { b = \"]#\", c = '''\nx''' }, ]"),
        (("a key", "another", 0), None, "1"),
        (("a key", "another", 1), None, "{ b = \"]#\", c = '''\nx''' }"),
        (("a key", "another", 1, "b"), "b", '"]#"'),
        (("a key", "another", 1, "c"), "c", "'''\nx'''"),
        (("table",), "table", None),
        (("table", "inner"), "inner", "[table.inner]"),
        (("table", "inner", "word"), "word", '"größer \\" = 3"'),
        (("array",), "array", None),
        (("array", 0), None, "[[array]]"),
        (("array", 1, "sub"), "sub", "[array.sub]"),
        (("array", 1, "sub", "y"), "y", "1979-05-27 07:32:00"),
        (("array", 1, "sub", "deep", 0), None, "[[array.sub.deep]]"),
    ],
)
def test_keys_and_values_are_found_at_their_positions(path, key, value):
    found = scan(TEXT)
    assert {name: TEXT[slice(*span)] for name, span in found.keys.items()}.get(path) == key
    assert {name: TEXT[slice(*span)] for name, span in found.values.items()}.get(path) == value


def test_elements_of_an_array_have_their_own_places():
    text = "[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\n[[a]]\n"
    found = scan(text)
    assert [found.values["a", index][0] for index in range(3)] == [0, 12, 30]
    assert found.keys["a",] == (2, 3)


@pytest.mark.parametrize(
    "text",
    [
        f"a = {'[' * 100}{']' * 100}",
        f"a = {'{a=' * 100}1{'}' * 100}",
        f"{'.'.join('a' * 100)} = 1",
        f"[{'.'.join('a' * 100)}]",
    ],
)
def test_nesting_that_is_too_deep_is_refused_with_its_place(text):
    tomli.loads(text)
    with pytest.raises(NotASpecError, match=f"nested more than {DEEPEST} deep") as error:
        scan(text)
    begin, end = error.value.span
    assert 0 <= begin < end <= len(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a = {\n}", "\n"),
        ("a = { b = 1, }", ","),
        ("a = { b = 1,\nc = 2 }", "\n"),
        ('a = "\\e"', "\\e"),
        ('a = "\\\\\\x41"', "\\x"),
        ('a = """\n\\e"""', "\\e"),
        ("a = 17:45", "17:45"),
        ("a = [1979-05-27T07:32Z]", "1979-05-27T07:32Z"),
    ],
)
def test_toml_1_1_is_refused_because_editors_do_not_read_it(text, at):
    tomli.loads(text)
    with pytest.raises(NotASpecError, match=r"TOML 1\.1") as error:
        scan(text)
    assert text[slice(*error.value.span)] == at


@pytest.mark.parametrize("text", ['a = "\\\\e"', "a = '\\e'", "a = 1979-05-27T07:32:00+17:45", 'a = "17:45"', "a = {}"])
def test_text_that_resembles_toml_1_1_is_accepted(text):
    assert list(scan(text).values) == [("a",)]
