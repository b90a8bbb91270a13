import io
import json

import pytest
from small_training import SPECS, Adding, small

import hookline
from hookline.cli.main import main
from hookline.cli.output.report import for_github
from hookline.errors import Diagnostic
from hookline.errors.printing import echo, echo_json, printable, printable_lines
from hookline.spec.dump import as_toml

EVIL = "\x1b]0;title\x07\x9b2J\x7f\r\u202egnp\u2066\u200f\u061c\u2028\x00"


def is_harmless(text):
    return all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.mark.parametrize("number", [*range(32), 127, *range(128, 160), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F)])
def test_characters_that_control_a_terminal_are_escaped(number):
    assert printable(chr(number)) == chr(number).encode("unicode_escape").decode()
    assert printable_lines(chr(number)) == ("\n" if number == 10 else printable(chr(number)))


def test_all_other_characters_are_printed_unchanged():
    assert printable_lines("größe 日本 ×² 📏 a\nb") == "größe 日本 ×² 📏 a\nb"


def test_no_line_is_a_command_for_githubs_runner():
    assert printable_lines("a\n  ::warning::b\n::error::c\n##[debug]d\n:: e: :f::g") == (
        "a\n  \\x3a:warning::b\n\\x3a:error::c\n\\x23#[debug]d\n\\x3a: e: :f::g"
    )


def test_lines_are_printed_to_a_stream_and_no_lines_print_nothing():
    stream = io.StringIO()
    echo("one\x1b", 2, file=stream)
    echo(file=stream)
    echo("three", file=stream, end="")
    assert stream.getvalue() == "one\\x1b\n2\nthree"


def test_printed_json_is_harmless_and_unchanged_in_value(capsys):
    value = {EVIL: [EVIL, "größe \U000e0001", "\ud800"]}
    echo_json(value, indent=1)
    out = capsys.readouterr().out
    assert is_harmless(out)
    assert json.loads(out) == value
    assert "größe" in out


def test_a_value_as_toml_is_harmless_and_unchanged_in_value():
    import tomli

    value = {EVIL: [EVIL, "größe \U000e0001"]}
    text = as_toml(value)
    assert is_harmless(text)
    assert tomli.loads(f"a = {text}")["a"] == value


def test_a_problem_for_github_is_one_line_of_harmless_text():
    reported = for_github(Diagnostic("mismatch", f"It is {EVIL}\n::warning::x", (EVIL,)), f"{EVIL}.toml")
    assert reported.isprintable()
    assert reported.endswith("\\x00%0A::warning::x [mismatch]")


def spec_of(here, **names):
    (here / "spec.toml").write_text(
        f"""
        run = {{ name = "small", epochs = 1 }}
        data = {{ type = "CSV", path = {as_toml(names["path"])}, targets = "y", validation = 0.5 }}
        model = {{ type = "Linear", out_features = 1 }}
        loss = {{ type = "MSELoss" }}
        optimizer = {{ type = "SGD" }}
        [[metrics]]
        type = "MeanAbsoluteError"
        name = {as_toml(names["metric"])}
        """
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("x,y,z\n1,2,1\n2,3,2\n3,4,3\n4,5,4\n")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("check", "spec.toml"),
        ("check", "--deep", "spec.toml"),
        ("check", "--deep", "--format", "github", "spec.toml"),
        ("check", "--deep", "--format", "json", "spec.toml"),
        ("explain", "spec.toml", "data.path"),
        ("show", "spec.toml"),
        ("diff", "spec.toml", "other.toml"),
        ("plan", "spec.toml"),
        ("train", "spec.toml"),
        ("check", f"{EVIL[:-1]}.toml"),
        ("check", "--format", EVIL[:-1]),
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_every_command_prints_foreign_text_harmlessly(here, capsys, words):
    name = EVIL[:-1]
    spec_of(here, path=f"{name}.csv", metric=f"a{name}\n::error::x")
    (here / "other.toml").write_text((here / "spec.toml").read_text().replace("epochs = 1", f"name = {as_toml(name)}"))
    (here / f"{name}.csv").write_text(f'x,y,z\n1,"{name}\n::warning::x",1\n2,3,2\n', newline="")
    try:
        main(list(words))
    except SystemExit as end:  # argparse exits this way.
        assert end.code == 2  # noqa: PT017
    reported = capsys.readouterr()
    assert reported.out or reported.err
    for text in (reported.out, reported.err):
        assert is_harmless(text)
        assert "\n::warning" not in text
        assert "\n::error::" not in text


def test_names_of_losses_and_logs_of_callbacks_are_displayed_harmlessly(tmp_path, capsys):
    class Telling:
        @hookline.hookimpl(wrapper=True)
        def log(self, run):
            run.note(f"reported {EVIL}")
            return (yield)

    from hookline_callbacks.progress import Progress

    display = Progress(refresh_per_second=30.0).build()
    added = Adding({f"loss[{EVIL}\n]": 1.0})
    hookline.train(small(epochs=1), plugins=[display, Telling(), added], out=tmp_path / "run")
    out = capsys.readouterr().out
    assert "reported \\x1b]0;title" in out
    assert is_harmless(out)


def test_the_display_on_a_terminal_is_harmless():
    from rich.console import Console

    from hookline_callbacks.progress import Progress, _Display

    display = _Display(Progress())
    stream = io.StringIO()
    display._console = Console(file=stream, force_terminal=True, width=200, color_system=None)
    display._print(f"it is {EVIL}")
    assert is_harmless(stream.getvalue())


def test_a_warning_is_one_line(capsys):
    import warnings

    from hookline import HooklineWarning
    from hookline.check.toml.document import from_table
    from hookline.cli.output.warnings import printed_warnings

    with printed_warnings(from_table({})):
        warnings.warn(f"It is {EVIL}\n::warning::x", HooklineWarning, stacklevel=1)
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert is_harmless(err)


def test_only_the_printing_module_prints():
    text = (SPECS.parent / "pyproject.toml").read_text()
    assert '"T20"' in text
    assert [line for line in text.splitlines() if "T201" in line] == [
        '"benchmarks/**" = ["D102", "T201"] # They print.'
    ]
