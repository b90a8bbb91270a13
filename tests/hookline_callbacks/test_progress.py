import re
import sys
from pathlib import Path

import pytest
import torch

import hookline
from hookline_callbacks.progress import Progress

SPECS = Path(__file__).parents[2] / "specs"


def train(name, out, *overrides):
    overrides = [*overrides, "callbacks=[{type='Progress'}]", "deploy=[]"]
    return hookline.train(hookline.load(SPECS / f"{name}.toml", overrides), out=out)


def numbers_of_rows(lines):
    """Return the first cell of the lines that begin with a number."""
    return [int(line.split()[0]) for line in lines if line.strip() and line.split()[0].isdecimal()]


def test_without_a_terminal_it_prints_the_plan_and_a_plain_row_per_epoch(tmp_path, capsys):
    trial = train("iris", tmp_path / "run", "run.epochs=3")
    out, error = capsys.readouterr()
    lines = out.splitlines()
    assert error == ""
    assert re.fullmatch(r"[\x20-\x7e×\n]+", out)
    assert lines[0] == "iris: 3 epochs of 6 steps on cpu, seed 0"
    assert [line.split()[0] for line in lines[1:5]] == ["data", "model", "loss", "optimizer"]
    assert numbers_of_rows(lines) == [1, 2, 3]
    for line, record in zip(lines[-3:], trial.history, strict=True):
        assert [float(cell) for cell in line.split()] == [float(f"{value:.5g}") for value in record.values()]


def test_the_display_of_the_command_line_has_its_name_in_messages(tmp_path):
    class Wrong:
        @hookline.hookimpl
        def fit(self):
            return 3

    spec = hookline.load(SPECS / "iris.toml", ["run.epochs=1"])
    with pytest.raises(hookline.errors.StageError, match="It is wrapped by Progress: a wrapper must return"):
        hookline.train(spec, plugins=[Wrong(), Progress().build()], out=tmp_path / "run")


def test_it_prints_the_numbers_of_rows_and_parameters(tmp_path, capsys):
    train("digits", tmp_path / "run", "run.epochs=1")
    out = capsys.readouterr().out
    assert "1,259 for training, 269 for validation, 269 for test" in out
    assert "rows of 1 × 8 × 8 numbers" in out
    assert "Sequential, 6,122 parameters" in out
    assert "SGD, learning rate 0.05" in out


def test_messages_of_callbacks_are_printed_once_before_the_next_row_or_at_the_end(tmp_path, capsys):
    class Telling:
        @hookline.hookimpl(wrapper=True)
        def step(self, run):
            if run.step in (0, 7):
                run.note(f"This is step {run.step}.")
            return (yield)

        @hookline.hookimpl(wrapper=True)
        def fit(self, run):
            trained = yield
            run.note("This is the end.")
            return trained

    made = hookline.load(SPECS / "iris.toml", ["run.epochs=2", "deploy=[]"])
    trial = hookline.train(made, plugins=[Progress().build(), Telling()], out=tmp_path / "run")
    lines = capsys.readouterr().out.splitlines()
    messages = ["This is step 0.", "This is step 7.", "This is the end."]
    assert trial.notes == tuple(messages)
    assert [line for line in lines if line.startswith("This")] == messages
    first, second = (index for index, line in enumerate(lines) if numbers_of_rows([line]))
    assert lines.index(messages[0]) < first < lines.index(messages[1]) < second < lines.index(messages[2])
    above, below = lines[lines.index(messages[0]) + 1 : first], lines[lines.index(messages[1]) + 1]
    assert above[0] == "", "Messages before the first epoch are not part of the table."
    assert [line.split()[0] for line in above[1:]] == ["training", "epoch"]
    assert numbers_of_rows([below]) == [2]


@pytest.mark.parametrize(
    ("inputs", "lengths", "words"),
    [
        ({"input": torch.zeros(2, 1)}, (), "rows of 1 number"),
        ({"input": torch.zeros(2)}, (), "rows of 1 number"),
        ({"input": torch.zeros(2, 1200)}, (), "rows of 1,200 numbers"),
        ({"input": torch.zeros(2, 1, 1, dtype=torch.int64)}, (), "rows of 1 × 1 integers"),
        ({"input": torch.zeros(2, 40, 8)}, ["input"], "rows of up to 40 × 8 numbers"),
        (
            {"anchor": torch.zeros(2, 3), "positive": torch.zeros(2, 3), "negative": torch.zeros(2, 3)},
            (),
            "rows of anchor (3 numbers), positive (3 numbers) and negative (3 numbers)",
        ),
        (
            {"word": torch.zeros(2, 9, dtype=torch.int64), "age": torch.zeros(2, 1)},
            ["word"],
            "rows of word (up to 9 integers) and age (1 number)",
        ),
    ],
)
def test_it_describes_a_row_of_each_group_of_inputs(tmp_path, capsys, inputs, lengths, words):
    class Source:
        @hookline.hookimpl
        def prepare_data(self):
            known = {name: torch.ones(2, dtype=torch.int64) for name in lengths}
            batches = hookline.data.TensorBatches(inputs, {"target": torch.zeros(2, 1)}, known, batch_size=2)
            target = hookline.data.Target(columns=("target",))
            return hookline.data.Data(training=batches, example=batches.all, targets={"target": target})

        @hookline.hookimpl
        def build_model(self):
            return torch.nn.Linear(1, 1)

        @hookline.hookimpl
        def forward(self, model, batch):
            return model(batch.target)

    spec = hookline.load(SPECS / "first_network.toml", ["run.epochs=1", "callbacks=[{type='Progress'}]"])
    hookline.train(spec, plugins=[Source()], out=tmp_path / "run")
    assert f"Random, {words}: 2 for training\n" in capsys.readouterr().out


def test_the_columns_are_named_like_the_log(tmp_path, capsys):
    train("iris", tmp_path / "run", "run.epochs=2")
    *_, splits, names, _, _ = capsys.readouterr().out.splitlines()
    assert splits.split() == ["training", "validation"]
    assert names.split() == ["epoch", "step", "loss", "loss", "Accuracy", "F1Score"]
    assert splits.index("training") + len("training") == names.index("loss") + len("loss")


def test_the_rows_are_aligned(tmp_path, capsys):
    train("iris", tmp_path / "run", "run.epochs=12")
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.strip() and line.split()[0].isdecimal()]
    assert len(rows) == 12
    assert len({len(row) for row in rows}) == 1


def test_on_a_terminal_it_prints_the_same_rows(tmp_path, capsys, monkeypatch):
    trial = train("iris", tmp_path / "plain", "run.epochs=3")
    plain = [line for line in capsys.readouterr().out.splitlines() if line]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    train("iris", tmp_path / "terminal", "run.epochs=3")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out).replace("\r", "\n").splitlines()
    assert len(trial.history) == 3
    assert [line for line in shown if line in plain] == plain


def test_on_a_narrow_terminal_long_lines_are_indented(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    train("iris", tmp_path / "terminal", "run.epochs=1")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out).replace("\r", "\n").splitlines()
    assert [line.rstrip() for line in shown if line][:4] == [
        "iris: 1 epoch of 6 steps on cpu, seed 0",
        "  data       CSV, rows of 4 numbers: 90 for training, 30 for",
        "             validation, 30 for test",
        "  model      Sequential, 131 parameters",
    ]


@pytest.mark.parametrize("columns", [24, 40, 60])
def test_on_a_narrow_terminal_every_digit_is_shown(tmp_path, capsys, monkeypatch, columns):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    trial = train("iris", tmp_path / "terminal", "run.epochs=2")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out).replace("\r", "\n").splitlines()
    text = " ".join(" ".join(shown).split())
    assert "data CSV, rows of 4 numbers: 90 for training, 30 for validation, 30 for test model" in text
    for record in trial.history:
        cells = [f"{value:#.5g}" if isinstance(value, float) else str(value) for value in record.values()]
        assert " ".join(cells) in text
    assert max(map(len, shown)) <= columns


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_it_does_not_affect_the_training(name, tmp_path):
    shown = train(name, tmp_path / "shown", "run.epochs=3")
    quiet = hookline.train(hookline.load(SPECS / f"{name}.toml", ["run.epochs=3", "callbacks=[]"]), out=tmp_path / "q")
    for file in ("metrics.jsonl", "model.safetensors"):
        assert (shown.directory / file).read_bytes() == (quiet.directory / file).read_bytes()


@pytest.mark.parametrize("refresh", [0, 31])
def test_the_refresh_rate_is_bounded(refresh):
    with pytest.raises(hookline.errors.SpecError, match="out of bounds"):
        hookline.load(SPECS / "iris.toml", [f"callbacks=[{{type='Progress', refresh_per_second={refresh}}}]"])
