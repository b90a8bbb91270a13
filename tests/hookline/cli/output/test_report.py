import json
from pathlib import Path

import pytest

from hookline.cli.output.report import Paint, as_json, for_github, printable, rendered
from hookline.errors import Diagnostic
from hookline.errors.source import Place, Source

TEXT = 'one = 1\n[two]\nthree = "größer"\n\tfour = 4\nfive = "日本" # x\n'


def place(words, text=TEXT, name="spec.toml", occurrence=0):
    source = SOURCES.setdefault((name, text), Source(name, text, directory="."))
    start = -1
    for _ in range(occurrence + 1):
        start = text.index(words, start + 1)
    return Place(source, start, start + len(words))


SOURCES = {}


def problem(words, message="This is wrong.", path=("a", "b"), against=(), **options):
    return Diagnostic("mismatch", message, path, place=place(words, **options), related_places=against)


@pytest.mark.parametrize(
    ("words", "line", "column", "length"),
    [
        ("one", 1, 1, 3),
        ("1", 1, 7, 1),
        ("[two]", 2, 1, 5),
        ('"größer"', 3, 9, 8),
        ("four", 4, 2, 4),
        ("]\nthree", 2, 5, 1),
    ],
)
def test_a_place_has_a_line_and_a_column_counted_in_characters(words, line, column, length):
    found = place(words)
    assert (found.line, found.column, found.length, found.text) == (line, column, length, words)
    assert str(found) == f"spec.toml:{line}:{column}"


@pytest.mark.parametrize("text", ["", "\n", "a\n\nb", "\na\n", TEXT])
def test_the_line_of_every_character_is_found(text):
    source = Source("spec.toml", text)
    for start in range(len(text) + 1):
        found = Place(source, start, start)
        assert found.line == text.count("\n", 0, start) + 1
        assert found.column == start - text.rfind("\n", 0, start)
    assert source.line_starts is source.line_starts
    assert len(source.line_starts) == text.count("\n") + 1


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("one", ["spec.toml:1:1: a.b: This is wrong.  [mismatch]", "  |", "1 | one = 1", "  | ^^^"]),
        (
            '"größer"',
            ["spec.toml:3:9: a.b: This is wrong.  [mismatch]", "  |", '3 | three = "größer"', "  |         ^^^^^^^^"],
        ),
        ("four", ["spec.toml:4:2: a.b: This is wrong.  [mismatch]", "  |", "4 |     four = 4", "  |     ^^^^"]),
        (
            "# x",
            [
                "spec.toml:5:13: a.b: This is wrong.  [mismatch]",
                "  |",
                '5 | five = "日本" # x',
                "  |               ^^^",
            ],
        ),
        (
            "日本",
            ["spec.toml:5:9: a.b: This is wrong.  [mismatch]", "  |", '5 | five = "日本" # x', "  |         ^^^^"],
        ),
    ],
)
def test_a_problem_is_shown_with_its_line_and_a_marker(words, shown):
    assert rendered(problem(words), "spec.toml").splitlines() == shown


def test_a_problem_without_a_place_takes_one_line():
    assert (
        rendered(Diagnostic("mismatch", "This is wrong.", ("a",)), "spec.toml")
        == "spec.toml: a: This is wrong.  [mismatch]"
    )
    assert rendered(Diagnostic("mismatch", "This is wrong."), "spec.toml") == "spec.toml: This is wrong.  [mismatch]"


def test_a_change_on_the_command_line_is_not_quoted_again():
    source = Source("--set a.b=3", "a.b=3")
    shown = rendered(Diagnostic("mismatch", "This is wrong.", ("a", "b"), place=Place(source, 4, 5)), "spec.toml")
    assert shown == "--set a.b=3: a.b: This is wrong.  [mismatch]"


def test_both_places_of_a_conflict_are_shown_in_the_order_of_the_text():
    assert rendered(problem("five", against=[place("one")]), "spec.toml").splitlines()[1:] == [
        "  |",
        "1 | one = 1",
        "  | ---",
        "...",
        '5 | five = "日本" # x',
        "  | ^^^^",
    ]
    assert rendered(problem("one", against=[place("two")]), "spec.toml").splitlines()[1:] == [
        "  |",
        "1 | one = 1",
        "  | ^^^",
        "2 | [two]",
        "  |  ---",
    ]


def test_a_conflict_within_a_line_shows_the_line_once():
    source = Source("spec.toml", "x = [1 2]", Path("/"))
    wrong = Diagnostic("mismatch", "This is wrong.", place=Place(source, 7, 8), related_places=(Place(source, 4, 5),))
    assert rendered(wrong, "spec.toml").splitlines()[1:] == ["  |", "1 | x = [1 2]", "  |     -", "  |        ^"]


def test_a_conflict_with_another_file_names_it():
    other = place("lr = 1", text="\n" * 99 + "lr = 1", name="base.toml")
    assert rendered(problem("one", against=[other]), "spec.toml").splitlines() == [
        "spec.toml:1:1: a.b: This is wrong.  [mismatch]",
        "    |",
        "  1 | one = 1",
        "    | ^^^",
        "    :: base.toml:100:1",
        "100 | lr = 1",
        "    | ------",
    ]


def test_a_place_of_several_lines_shows_the_first_one():
    text = 'x = """\nabc\n"""\n'
    assert rendered(problem('"""\nabc\n"""', text=text), "s").splitlines()[2:] == ['1 | x = """', "  |     ^^^"]


def test_a_long_line_is_shortened_around_the_place():
    text = f"x = [{'1, ' * 1000}oops, {'2, ' * 1000}]"
    _, _, line, mark = rendered(problem("oops", text=text), "s").splitlines()
    assert len(line) < 120
    assert line[mark.index("^") : mark.rindex("^") + 1] == "oops"
    assert (line[4], line[-1]) == ("…", "…")


def test_the_end_of_a_file_is_a_place():
    text = "x = ["
    end = Place(Source("s", text, directory="."), 5, 5)
    assert rendered(Diagnostic("mismatch", "No end.", place=end), "s").splitlines() == [
        "s:1:6: No end.  [mismatch]",
        "  |",
        "1 | x = [",
        "  |      ^",
    ]


def test_control_and_bidirectional_characters_are_not_printed():
    evil = "\x1b[2J\x07\u202e\x00\x9b"
    text = f'x = "{evil}"'
    shown = rendered(problem(f'"{evil}"', message=f"It is {evil}.", path=(evil,), text=text, name=f"{evil}.toml"), "s")
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    assert printable("a\x1b\u202eb\tß") == "a\\x1b\\u202eb\\tß"


def test_colors_do_not_change_the_text():
    painted = rendered(problem("one"), "spec.toml", Paint(is_on=True))
    plain = painted
    for code in ("\033[0m", "\033[1m", "\033[31m", "\033[34m"):
        assert code in plain
        plain = plain.replace(code, "")
    assert plain == rendered(problem("one"), "spec.toml")


class Stream:
    def __init__(self, *, is_terminal):
        self.isatty = lambda: is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "environment", "is_on"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
    ],
)
def test_colors_are_used_on_a_terminal_unless_disabled(is_terminal, environment, is_on):
    assert Paint.of(Stream(is_terminal=is_terminal), environment) == Paint(is_on=is_on)


def test_problems_as_json_have_their_places():
    found = [
        ("spec.toml", problem("two", against=[place("one")])),
        ("other.toml", Diagnostic("mismatch", "No.", ("x", 0))),
    ]
    assert json.loads(as_json(found)) == [
        {
            "id": "mismatch",
            "severity": "error",
            "file": "spec.toml",
            "line": 2,
            "column": 2,
            "end_line": 2,
            "end_column": 5,
            "path": "a.b",
            "message": "This is wrong.",
            "help": "",
            "related": [{"file": "spec.toml", "line": 1, "column": 1, "end_line": 1, "end_column": 4}],
        },
        {
            "id": "mismatch",
            "severity": "error",
            "file": "other.toml",
            "line": 1,
            "column": 1,
            "end_line": 1,
            "end_column": 1,
            "path": "x[0]",
            "message": "No.",
            "help": "",
            "related": [],
        },
    ]


def test_problems_for_github_are_commands_without_injected_text():
    reported = for_github(problem("two", message="50% wrong:\nx, y", path=("a:b,c",), name="a,b.toml"), "spec.toml")
    assert (
        reported == '::error file=a%2Cb.toml,line=2,col=2,endColumn=5,title="a%3Ab%2Cc"::50%25 wrong:%0Ax, y [mismatch]'
    )
    assert (
        for_github(Diagnostic("mismatch", "No."), "spec.toml")
        == "::error file=spec.toml,line=1,title=spec::No. [mismatch]"
    )


def test_a_warning_says_that_it_is_one_and_help_follows_the_message():
    warning = Diagnostic("no-effect", "It does nothing.", ("a",), "Leave it out.", severity="warning")
    assert rendered(warning, "spec.toml") == "spec.toml: warning: a: It does nothing. Leave it out.  [no-effect]"
    [reported] = json.loads(as_json([("spec.toml", warning)]))
    assert (reported["severity"], reported["message"], reported["help"]) == (
        "warning",
        "It does nothing.",
        "Leave it out.",
    )
    assert for_github(warning, "spec.toml") == (
        "::warning file=spec.toml,line=1,title=a::It does nothing. Leave it out. [no-effect]"
    )
