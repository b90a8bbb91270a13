import random
import re

import pytest
import tomli
from toml_suite import INVALID, VALID, needed

from hookline.check.toml.document import read
from hookline.check.toml.parse import parsed
from hookline.check.toml.spans import DEEPEST, NotASpecError, scan
from hookline.check.toml.text import Text
from hookline.errors import SpecError
from hookline.errors.source import Source


def problem_of(text):
    with pytest.raises(SpecError) as error:
        parsed(Source("x", text))
    [problem] = error.value.problems
    return problem


@needed
@pytest.mark.parametrize("path", INVALID, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_invalid_file_gives_one_error_with_its_place(path):
    with pytest.raises(SpecError) as error:
        read(path)
    [problem] = error.value.problems
    assert problem.place is not None
    assert 0 <= problem.place.start <= problem.place.end <= len(problem.place.source.text)


@needed
def test_no_valid_file_gives_an_error():
    for path in VALID:
        read(path)


@pytest.mark.parametrize(
    ("text", "here", "there", "message"),
    [
        ("a = 1\na = 2", (6, "a"), (0, "a"), 'The key "a" is defined a second time here.'),
        ("a = { b = 1, b = 2 }", (13, "b"), (6, "b"), 'The key "a.b" is defined a second time here.'),
        ("[a]\n[b]\n[a]", (9, "a"), (1, "a"), 'The section "a" is defined a second time here.'),
        ("[a.b]\nx = 1\n[a.c]\n[a.b]", (21, "b"), (3, "b"), 'The section "a.b" is defined a second time here.'),
        ("a.b = 1\na.b = 2", (10, "b"), (2, "b"), 'The key "a.b" is defined a second time here.'),
        ("x = [\n{ a = 1 } ]\nx = [{ a = 1 }]", (18, "x"), (0, "x"), 'The key "x" is defined a second time here.'),
        (
            "a = 1\n[a.b]",
            (9, "b"),
            (0, "a"),
            '"a.b" cannot be added here: "a" already is a value or a complete table.',
        ),
    ],
)
def test_both_places_of_a_duplicate_are_reported(text, here, there, message):
    problem = problem_of(text)
    assert problem.message == message
    assert (problem.place.start, problem.place.text) == here
    assert [(place.start, place.text) for place in problem.related_places] == [there]


LAST_COMMA = "no comma may follow the last value of an inline table."
ONE_LINE = "an inline table must be on one line. Use a header, such as [[model.layers]], for more lines."


@pytest.mark.parametrize(
    ("text", "start", "message"),
    [
        ("a = {\nb = .1\n}", 5, ONE_LINE),
        ("a = {\nb = True,\nc = 1\n}", 5, ONE_LINE),
        ("a = {\nb = 1\nc = 2\n}", 5, ONE_LINE),
        ('x = [\n{ type = "A",\ntop = .5 },\n]', 19, ONE_LINE),
        ('x = [\n{ type = "A", },\n{ type = "B" },\n', 18, LAST_COMMA),
        ('x = [\n{ type = "A", },\n{ type = B },\n]', 18, LAST_COMMA),
    ],
)
def test_a_toml_1_1_inline_table_is_reported_before_later_errors(text, start, message):
    problem = problem_of(text)
    assert problem.message == f"This is TOML 1.1, and most editors and tools read TOML 1.0: {message}"
    assert (problem.place.start, problem.related_places) == (start, ())


@pytest.mark.parametrize("text", ["a = { b = 1\nc = 2", "x = [{ b = 1,\n[loss]\n]", 'a = { b = 1\nc = "'])
def test_an_unclosed_inline_table_is_not_reported_as_toml_1_1(text):
    assert problem_of(text).text.startswith("This is not TOML. ")


@pytest.mark.parametrize("first", ["[a]", "[[a]]"])
def test_a_table_and_an_array_of_tables_with_one_name_are_reported(first):
    second = {"[a]": "[[a]]", "[[a]]": "[a]"}[first]
    problem = problem_of(f"{first}\nx = 1\n{second}")
    assert problem.message == '"a" is either one table, with the header [a], or several, each with [[a]].'
    assert (problem.place.line, [place.line for place in problem.related_places]) == (3, [1])


@needed
def test_messages_of_tomli_are_replaced():
    theirs = re.compile(
        r"This is not TOML. (Invalid|Expected|Unclosed|Untermin|Illegal|Found|Unescaped|Escaped|Cannot)"
    )
    for path in INVALID:
        with pytest.raises(SpecError) as error:
            read(path)
        assert not theirs.match(error.value.problems[0].text), path


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("Adam", 'Strings need quotes: "Adam".'),
        ("True", "Write `true`."),
        ("no", "Write `false`."),
        ("None", "TOML has no such value; remove the option."),
        ("null", "TOML has no such value; remove the option."),
        ("=", "One equals sign is enough."),
    ],
)
def test_words_that_are_not_values_are_reported_with_a_correction(value, hint):
    problem = problem_of(f"x = {value}")
    assert problem.text == f"This is not TOML. {hint}"
    assert problem.place.text == value


def test_a_number_with_too_many_digits_is_reported_with_its_place():
    problem = problem_of(f'a = "{"1" * 9000}"\nb = [1, {"2" * 10000}] # {"3" * 20000}')
    assert problem.message == "This is not a spec: a number has too many digits."
    assert problem.place.text == "2" * 10000


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "{a=" * 5000, ".".join("a" * 5000) + "=1"])
def test_nesting_that_is_too_deep_for_tomli_is_reported_with_its_place(text):
    problem = problem_of(text)
    assert problem.message == f"This is not a spec: it is nested more than {DEEPEST} deep."
    assert problem.place.start > 0


def test_every_text_that_the_scan_refuses_is_refused():
    parts = [
        "{",
        "}",
        "[",
        "]",
        ",",
        " ",
        "\n",
        "#",
        "a = ",
        "1",
        '"',
        "'",
        '"""',
        "\\e",
        "\\n",
        "17:45",
        "{ b = 1 }",
        "b = 2",
    ]
    drawn = random.Random(1)  # noqa: S311
    refused = 0
    for _ in range(60_000):
        text = (
            "a = { "
            + "".join(drawn.choices(parts, k=drawn.randrange(1, 9)))
            + drawn.choice(["", "}", "]", "}}", "\n}"])
        )
        try:
            tomli.loads(text)
            scan(text)
        except tomli.TOMLDecodeError:
            continue
        except NotASpecError:
            refused += 1
            assert problem_of(text).message.startswith("This is TOML 1.1")
        else:
            parsed(Source("x", text))
    assert refused > 100


def test_a_valid_spec_is_not_scanned(monkeypatch):
    monkeypatch.setattr(Text, "spans", None)
    text = '[a]\nb = [{ type = "x", y = [1, 2] }, { z = "}" }]\n[[c.d]]\ne = 2024-01-01\n'
    assert set(parsed(Source("x", text)).value) == {"a", "c"}
