import pytest
from small_training import SPECS

from hookline.cli.arguments.mistyped import COMMANDS as OTHERS
from hookline.cli.commands import COMMANDS, DRAFTS
from hookline.cli.main import main


@pytest.fixture
def reported(tmp_path, monkeypatch, capsys):
    """Runs the command with these words and returns its message."""
    monkeypatch.chdir(tmp_path)
    text = (SPECS / "iris.toml").read_text()
    (tmp_path / "iris.toml").write_text(text.replace("data/iris.csv", str((SPECS / "data/iris.csv").resolve())))
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")

    def reported(words):
        with pytest.raises(SystemExit) as exit_:
            main(words.split(" "))
        out, error = capsys.readouterr()
        assert (exit_.value.code, out) == (2, "")
        return error.rstrip("\n")

    return reported


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("trian iris.toml", 'There is no command "trian". Did you mean `hookline train iris.toml`?'),
        ("fit iris.toml", 'There is no command "fit". Did you mean `hookline train iris.toml`?'),
        ("validate iris.toml", 'There is no command "validate". Did you mean `hookline check iris.toml`?'),
        ("iris.toml -q", 'There is no command "iris.toml". To train a spec: `hookline train iris.toml -q`.'),
        ("help train", "Use the option --help: `hookline train --help`."),
        ("-v", 'There is no option "-v". `hookline --version` prints the version.'),
        ("wombat", 'There is no command "wombat". `hookline --help` lists all commands.'),
        ("new data.csv", "To write a spec for a table: `hookline new spec data.csv`."),
        ("new specs data.csv", '`hookline new` cannot write "specs". Did you mean `hookline new spec`?'),
        ("list layer Conv2d", "To show a component: `hookline show layer Conv2d`."),
        ("plan iris.toml --deep", '"--deep" is an option of `hookline check`.'),
        ("check iris.toml --depe", 'There is no option "--depe". Did you mean "--deep"?'),
        ("train iris.toml -o out", 'There is no option "-o". Did you mean "--out"?'),
        ("train iris.toml b.toml", "`hookline train` takes one spec. To merge another into it: --with b.toml."),
        ("train --config iris.toml", "Pass the spec without an option: `hookline train iris.toml`."),
        ("evaluate --checkpoint runs/iris/1", "Pass the run without an option: `hookline evaluate runs/iris/1`."),
        (
            "predict runs/iris/1 --data new.csv",
            "Pass the rows without an option, after the run: `hookline predict runs/iris/1 new.csv`.",
        ),
        ("train iris.toml --trials 5", '"--trials" is an option of `hookline tune`.'),
        (
            "check iris.toml --installed focal",
            '"--installed" is an option of `hookline new`, `hookline list` and 2 other commands.',
        ),
        (
            "train iris.toml --format json",
            '"--format" is an option of `hookline evaluate`, `hookline runs` and 3 other commands.',
        ),
        ("eject iris.toml -o t.py", "`hookline eject` prints its result: `hookline eject iris.toml > t.py`."),
        ("eject --output=t.py iris.toml", "`hookline eject` prints its result: `hookline eject iris.toml > t.py`."),
        ("schema --out", "`hookline schema` prints its result: `hookline schema > schema.json`."),
        ("train --resume runs/iris/1", 'There is no option "--resume". Did you mean `hookline resume runs/iris/1`?'),
    ],
)
def test_an_unknown_word_is_reported_with_a_suggestion(reported, words, sentence):
    assert reported(words) == sentence


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("--lr 0.1", "optimizer.lr=0.1"),
        ("--lr=0.1", "optimizer.lr=0.1"),
        ("lr=0.1", "optimizer.lr=0.1"),
        ("optimizer.lr=0.1", "optimizer.lr=0.1"),
        ("--learning-rate 0.1", "optimizer.lr=0.1"),
        ("--max-epochs 5", "run.epochs=5"),
        ("--batch-size=8", "data.batch_size=8"),
        ("--gpu", "run.device=cuda"),
        ("--optimizer SGD", "optimizer.type=SGD"),
    ],
)
def test_an_option_of_the_spec_is_reported_with_the_change_that_sets_it(reported, words, change, tmp_path):
    word = words.partition(" ")[0].partition("=")[0]
    unknown = f'There is no option "{word}". ' if word.startswith("-") else ""
    assert reported(f"train iris.toml {words}") == f"{unknown}To change a value of the spec: --set {change}."
    assert main(["check", "iris.toml", "--set", change]) == 0


@pytest.mark.parametrize("words", [["a\x1b[2Jb"], ["new", "a\x1b[2Jb"], ["train", "i.toml", "--a\x1b[2Jb"]])
def test_a_word_cannot_control_a_terminal(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    reported = capsys.readouterr().err
    assert "\x1b" not in reported
    assert r"a\x1b[2Jb" in reported


@pytest.mark.parametrize("change", ["lr 0.1", "lr = 0.1", "lr= 0.1", "lr =0.1"])
def test_a_change_in_several_words_is_reported_with_the_correct_form(reported, change):
    assert (
        reported(f"train iris.toml --set optimizer.{change}")
        == "Write path and value as one word: --set optimizer.lr=0.1."
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("deploy run ONNX", "To name the format: --type ONNX."),
        ("deploy run --format ONNX", 'There is no option "--format". Did you mean "--type"?'),
        ("predict run new.csv --gpu", 'There is no option "--gpu". Did you mean "--device"?'),
        ("train iris.toml iris.csv", "`hookline train` takes one spec. To read other data: --set data.path=iris.csv."),
    ],
)
def test_an_argument_is_reported_with_the_option_that_takes_it(reported, words, sentence, tmp_path):
    (tmp_path / "iris.csv").touch()
    assert reported(words) == sentence


def test_an_option_of_another_tool_is_reported_with_its_equivalent(reported):
    assert reported("train iris.toml --max-grad-norm 1") == (
        'There is no option "--max-grad-norm". GradientClipping does that: [[callbacks]] with type = "GradientClipping" and '
        "max_norm = 1."
    )


def test_suggested_commands_exist():
    assert {*OTHERS.values()} <= {*COMMANDS}
    assert not {*OTHERS} & {*COMMANDS}
    assert DRAFTS == ("spec", "plugin")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("list los", 'There is no family called "los". Did you mean "losses"?'),
        ("list lossess", 'There is no family called "lossess". Did you mean "losses"?'),
        ("list MSELoss", 'There is no family called "MSELoss". It is a loss: `hookline show MSELoss` shows it.'),
        ("list iris.toml", 'There is no family called "iris.toml". `hookline show iris.toml` shows a spec.'),
        (
            "show optimizer",
            'There is no component called "optimizer". `hookline list optimizers` lists the choices, and '
            "`hookline show ASGD` shows one.",
        ),
        (
            "show optimizer.lr",
            'There is no component called "optimizer.lr". `hookline explain spec.toml optimizer.lr` explains a value of a '
            "spec.",
        ),
        ("show Dense", 'There is no component called "Dense". Did you mean "Linear"?'),
        ("show Adam lr", "Give one component: `hookline show Adam` shows all of its options."),
        ("show wombat", 'There is no component called "wombat". `hookline list` lists all of them.'),
        ("explain optimizer.lr iris.toml", "Put the spec first: `hookline explain spec.toml optimizer.lr`."),
    ],
)
def test_a_name_of_another_kind_is_reported_with_a_suggestion(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    assert capsys.readouterr().err == f"{sentence}\n"


def test_sections_can_be_listed_and_shown_like_families_and_components(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in ("list model", "list models", "list layers"):
        assert main(words.split()) == 0
        assert capsys.readouterr().out.startswith("layers\n  AdaptiveAvgPool1d ")
    assert main(["show", "run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("run, a section of a spec\n")
    assert "  epochs = 10: an integer, at least 1\n" in out
    assert main(["show", "spec"]) == 0
    assert "  metrics = []: an array of metrics (tables with a `type`)\n" in capsys.readouterr().out
