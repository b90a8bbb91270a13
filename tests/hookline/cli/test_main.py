import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from outputs import without_ids
from run_directories import with_examples

from hookline import HooklineError
from hookline.cli.main import main

SPEC = """\
[run]
epochs = 2
device = "cpu"

[data]
type = "CSV"
path = "flowers.csv"
targets = "kind"
batch_size = 4

[model]
type = "Sequential"
layers = [
    { type = "Linear", out_features = 5 },
    { type = "ReLU" },
    { type = "Linear", out_features = 2 },
]

[loss]
type = "CrossEntropyLoss"

[optimizer]
type = "Adam"
"""
ROWS = [f"{number}.5,{number * number % 7}.25,{'ab'[number % 2]}" for number in range(12)]
CSV = "\n".join(["width,length,kind", *ROWS, ""])
WRAPPER = "from hookline import hookimpl\n\n@hookimpl(wrapper=True)\ndef step(run):\n    return (yield)\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working directory, with a valid spec and its data."""
    monkeypatch.chdir(tmp_path)
    # Deferring the compiler changes the process, which the tests share.
    monkeypatch.setattr("hookline.cli.training._deferred_compiler.defer", lambda: None)
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "flowers.csv").write_text(CSV)
    return tmp_path


def files(directory):
    return {path.relative_to(directory): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def refused(here, capsys):
    """Runs the command on invalid input, checks that it changes no files, and returns its message."""

    def refuse(*arguments, replace=("[run]", "[run]"), append="", data=CSV):
        assert replace[0] in SPEC
        (here / "spec.toml").write_text(SPEC.replace(*replace) + append)
        (here / "flowers.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
        before = files(here), sorted(here.rglob("*"))
        code = main(["train", *(arguments or ["spec.toml"])])
        reported = capsys.readouterr()
        assert (code, reported.out) == (2, "")
        assert (files(here), sorted(here.rglob("*"))) == before
        assert "Traceback" not in reported.err
        assert reported.err.endswith("\n")
        return headlines(reported.err).replace(f"{here}/", "")

    return refuse


def headlines(text):
    """The messages without their places, ids and quoted lines, which have their own tests."""
    lines = [line for line in without_ids(text).splitlines() if line and not re.match(r" *\d* [|]|\.\.\.$| *::", line)]
    return "\n".join(re.sub(r"^(\S*\.toml):\d+:\d+: ", r"\1: ", line) for line in lines)


def hookline(*arguments, cwd, **options):
    return subprocess.run(
        [sys.executable, "-m", "hookline", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, **options
    )


def records(directory):
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def only_line(text):
    assert text.count("\n") == 0
    return text


# Invalid specs


def test_a_missing_spec_is_reported(refused):
    assert refused("none.toml") == "none.toml: There is no such file."


def test_a_directory_instead_of_a_spec_is_reported(refused):
    assert refused(".") == '.: This is a directory, not a spec. It contains "spec.toml".'


@pytest.mark.parametrize(
    ("replace", "problem"),
    [
        (("epochs = 2", "epochs = = 2"), "2:10: This is not TOML. One equals sign is enough."),
        (('"Adam"', '"Adam'), '23:13: This is not TOML. The string is not closed on its line: " is missing.'),
        (("[loss]", "[model]"), '19:2: The section "model" is defined a second time here.'),
    ],
)
def test_invalid_toml_is_reported_with_line_and_column(here, capsys, replace, problem):
    (here / "spec.toml").write_text(SPEC.replace(*replace))
    assert main(["train", "spec.toml"]) == 2
    assert without_ids(capsys.readouterr().err).splitlines()[0] == f"spec.toml:{problem}"


@pytest.mark.parametrize(
    ("replace", "problem"),
    [
        (("[loss]", "[los]"), 'los: There is no key "los". Did you mean "loss"?'),
        (("epochs", "epoch"), 'run.epoch: There is no key "epoch". Did you mean "epochs"?'),
        (("batch_size", "batchsize"), 'data.batchsize: CSV has no option "batchsize". Did you mean "batch_size"?'),
        (('"Adam"', '"Adm"'), 'optimizer.type: There is no optimizer called "Adm". Did you mean "Adam"?'),
        (('"ReLU"', '"Relu"'), 'model.layers[1].type: There is no layer called "Relu". Did you mean "ReLU"?'),
        (
            ('"ReLU"', '"Adam"'),
            'model.layers[1].type: There is no layer called "Adam". Adam belongs to the family "optimizer".',
        ),
        (
            ("epochs = 2", 'epochs = "2"'),
            'run.epochs: This must be an integer, but it is the string "2". Write it without quotes: 2.',
        ),
        (
            ("epochs = 2", "epochs = 2.0"),
            "run.epochs: This must be an integer, but it is the number 2.0. Write it without a decimal point: 2.",
        ),
        (("epochs = 2", "epochs = 0"), "run.epochs: 0 is out of bounds: it must be at least 1."),
        (
            ('targets = "kind"', ""),
            "data.targets: CrossEntropyLoss takes one target, but none is given.",
        ),
        (
            ("batch_size", "validation = 0.5\ntest = 0.5\nbatch_size"),
            "data.validation: Together with `test`, this takes all rows and leaves none for training.",
        ),
        (
            ("[run]", '[run]\nname = "../x"'),
            'run.name: "../x" is not a plain name: use letters, digits, "_", "-" and ".".',
        ),
        (("[run]", 'plugins = "focal"\n[run]'), "plugins: This must be an array of the names of installed plugins."),
        (
            ("[run]", '[[metrics]]\ntype = "R2Score"\n[run]'),
            "metrics[0].type: R2Score evaluates numbers or labels, but CrossEntropyLoss predicts classes.",
        ),
    ],
)
def test_a_problem_in_a_spec_is_reported_with_file_and_key(refused, replace, problem):
    assert f"spec.toml: {problem}" in refused(replace=replace).splitlines()


def test_all_problems_in_a_spec_are_reported_at_once(refused):
    replace = (
        SPEC[SPEC.index("[model]") :],
        """\
[model]
type = "Sequential"
layers = [{ type = "Linear", out_features = 0, bias = 1 }, { type = "Relu" }]

[optimizer]
type = "Adam"
lr = "x"
betas = [0.9, 2]

[optimiser]
""",
    )
    assert refused(replace=replace).splitlines() == [
        "spec.toml: loss: This section is missing. It must be a loss (a table with a `type`).",
        "spec.toml: model.layers[0].out_features: 0 is out of bounds: it must be at least 1.",
        "spec.toml: model.layers[0].bias: This must be true or false, but it is the number 1.",
        'spec.toml: model.layers[1].type: There is no layer called "Relu". Did you mean "ReLU"?',
        'spec.toml: optimizer.lr: This must be a number, but it is the string "x".',
        "spec.toml: optimizer.betas[1]: 2 is out of bounds: it must be at least 0 and less than 1.",
        'spec.toml: optimiser: There is no key "optimiser". Did you mean "optimizer"?',
    ]


def test_all_missing_sections_of_an_empty_spec_are_reported(refused):
    assert refused(replace=(SPEC, "# Nothing.\n[run]\n")).splitlines() == [
        f"spec.toml: {section}: This section is missing. It must be {what} (a table with a `type`)."
        for section, what in {
            "data": "a data source",
            "model": "a model",
            "loss": "a loss",
            "optimizer": "an optimizer",
        }.items()
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("lr", "--set lr: This is not a path and a value, such as optimizer.lr=0.01."),
        ("# lr=1", "--set # lr=1: This is not a path and a value, such as optimizer.lr=0.01."),
        (
            "data.path.x=1",
            "--set data.path.x=1: data.path: This must be a string with the path of a file or an array of paths, but it is a table.",
        ),
        (
            "model.layers.9=1",
            '--set model.layers.9=1: There is no element "9": the indices are 0 to 2.',
        ),
        ("optimizer.lr=", '--set optimizer.lr=: optimizer.lr: This must be a number, but it is the string "".'),
        (
            "optimizer.bets=1",
            '--set optimizer.bets=1: optimizer.bets: Adam has no option "bets". Did you mean "betas"?',
        ),
        ("optimiser.lr=1", '--set optimiser.lr=1: optimiser: There is no key "optimiser". Did you mean "optimizer"?'),
    ],
)
def test_an_invalid_change_is_reported(refused, change, problem):
    assert refused("spec.toml", "--set", change) == problem


def test_an_unknown_device_is_reported_with_its_key(refused):
    reported = refused("spec.toml", "--set", "run.device=cudda")
    assert reported == '--set run.device=cudda: run.device: There is no device called "cudda". Did you mean "cuda"?'


@pytest.mark.skipif(torch.accelerator.is_available(), reason="This machine has an accelerator.")
def test_an_unavailable_device_is_reported_with_its_key(refused):
    reported = refused("spec.toml", "--set", "run.device=cuda")
    assert reported == '--set run.device=cuda: run.device: This machine has no "cuda", only a CPU.'


def test_a_plugin_that_is_not_installed_is_reported(refused):
    reported = refused(replace=("[run]", 'plugins = ["focal"]\n[run]'))
    assert reported.startswith('spec.toml: plugins[0]: No plugin named "focal" is installed.')


@pytest.mark.parametrize("out", ["flowers.csv", "kept"])
def test_an_existing_directory_is_not_overwritten(refused, here, out):
    (here / "kept").mkdir()
    (here / "kept" / "result.json").write_text("mine")
    reported = refused("spec.toml", "--out", out)
    assert reported == f"{out} already exists, and a run never overwrites another one: choose a new directory."


def test_a_directory_that_cannot_be_created_is_reported(refused):
    assert refused("spec.toml", "-q", "--out", "flowers.csv/x").startswith("flowers.csv/x cannot be created: ")


# Invalid data


def test_missing_data_is_reported(refused):
    assert (
        refused(replace=("flowers.csv", "flower.csv"))
        == 'spec.toml: data.path: There is no such file. Did you mean "flowers.csv"?'
    )


@pytest.mark.parametrize(
    ("replace", "problem"),
    [
        (
            ("batch_size", "validation = 0.01\nbatch_size"),
            "validation: flowers.csv: The validation split has no rows: its fraction is 0.01 of 12 rows.",
        ),
        (
            ("batch_size", "test = 0.04\nbatch_size"),
            "test: flowers.csv: The test split has no rows: its fraction is 0.04 of 12 rows.",
        ),
        (
            ("batch_size = 4", "batch_size = 13\ndrop_last = true"),
            "drop_last: flowers.csv: `drop_last` leaves no batch: there are only 12 rows.",
        ),
        (
            ('"CrossEntropyLoss"', '"MSELoss"'),
            'path: flowers.csv: row 1, column "kind": "a" is not a number, but MSELoss needs numbers.',
        ),
    ],
)
def test_data_that_does_not_fit_the_spec_is_reported_with_option_and_file(refused, replace, problem):
    assert refused(replace=replace) == f"spec.toml: data.{problem}"


@pytest.mark.parametrize(
    ("replace", "problem"),
    [
        (
            ("batch_size", "shape = [1, 3]\nbatch_size"),
            "shape: A row of this shape has 3 numbers, but one of the inputs has 2.",
        ),
        (('"kind"', '"kinds"'), 'targets: There is no column "kinds". Did you mean "kind"?'),
        (
            ("targets", 'inputs = ["width", "lenght"]\ntargets'),
            'inputs[1]: There is no column "lenght". Did you mean "length"?',
        ),
        (
            ("targets", 'inputs = "pixel_*"\ntargets'),
            'inputs: There is no column "pixel_*". Available: "kind", "length" and "width".',
        ),
        (
            ("targets", 'split_column = "split"\ntargets'),
            'split_column: There is no column "split". Available: "kind", "length" and "width".',
        ),
    ],
)
def test_missing_columns_are_reported_with_their_option(refused, replace, problem):
    assert refused(replace=replace) == f"spec.toml: data.{problem}"


ADVICE = 'Or let a kind fill it in: columns = { width = { type = "Number", missing = "mean" } }.'
"""What the message about a missing cell suggests."""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("3.5,", "three,", 'row 4, column "width": "three" is not a number.'),
        ("3.5,", ",", f'row 4, column "width": The cell is empty. {ADVICE}'),
        ("3.5,", " ,", f'row 4, column "width": The cell is empty. {ADVICE}'),
        (
            "3.5,",
            "nan,",
            'row 4, column "width": "nan" counts as a missing value: fill it in or remove the row. ' + ADVICE,
        ),
        ("3.5,", "inf,", 'row 4, column "width": inf is not a finite float32.'),
        (
            "3.5,2.25,b",
            "3.5,2.25,",
            'row 4, column "kind": The cell is empty: fill it in, or drop such rows with `missing_targets = "drop"`.',
        ),
        ("11.5,2.25,b", "11.5,x,b", 'row 12, column "length": "x" is not a number.'),
    ],
)
def test_an_invalid_cell_is_reported_with_row_and_column(refused, old, new, problem):
    assert refused(data=CSV.replace(f"\n{old}", f"\n{new}")) == f"spec.toml: data.path: flowers.csv: {problem}"


@pytest.mark.parametrize(("row", "cells"), [("3.5,b", 2), ("3.5,2.25,b,c", 4)])
def test_a_row_with_too_few_or_too_many_cells_is_reported_with_its_number(refused, row, cells):
    reported = refused(data=CSV.replace("3.5,2.25,b", row))
    assert reported == f"spec.toml: data.path: row 4: It has {cells} cells, but the header has 3."


@pytest.mark.parametrize("data", ["", "\n"])
def test_an_empty_file_is_reported(refused, data):
    assert refused(data=data) == "spec.toml: data.path: The file is empty."


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_file_with_only_a_header_is_reported(refused, end):
    assert refused(data=f"width,length,kind{end}") == "spec.toml: data.path: The file has a header but no rows."


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCEWithLogitsLoss"])
def test_a_target_with_a_single_class_is_reported(refused, loss):
    reported = refused(replace=("CrossEntropyLoss", loss), data=CSV.replace(",b", ",a"))
    assert reported == (
        'spec.toml: data.targets: flowers.csv: The target column "kind" is "a" in all training rows, but two classes '
        "are needed."
    )


def test_duplicate_column_names_are_reported(refused):
    reported = refused(data=CSV.replace("length", "width"))
    assert reported.startswith('spec.toml: data.path: Two columns are named "width". Rename one of them')


@pytest.mark.parametrize("old", ["width", ",b", "3.5"])
def test_a_file_that_is_not_utf8_is_reported_in_a_sentence(refused, old):
    reported = only_line(refused(data=CSV.replace(old, f"{old}ö").encode("latin-1")))
    assert reported.startswith("spec.toml: data.path: ")
    assert "UTF-8" in reported
    assert '`encoding = "latin-1"`' in reported


# Models that do not fit


@pytest.mark.parametrize(
    ("replace", "problem"),
    [
        (
            ("out_features = 2", "in_features = 4, out_features = 2"),
            "model.layers[2]: Linear cannot take an input of shape (5,). ",
        ),
        (
            ('type = "Linear", out_features = 5', 'type = "Conv2d", out_channels = 5, kernel_size = 3'),
            "model.layers[0]: Conv2d cannot take an input of shape (2,). It takes 3 dimensions per row: channels, "
            "height, width.",
        ),
        (
            (
                '{ type = "ReLU" }',
                '{ type = "Sequential", layers = [{ type = "ReLU" }, { type = "MaxPool2d", kernel_size = 2 }] }',
            ),
            "model.layers[1].layers[1]: MaxPool2d cannot take an input of shape (5,). ",
        ),
        (
            ('{ type = "ReLU" }', '{ type = "BatchNorm1d", num_features = 6 }'),
            "model.layers[1]: BatchNorm1d cannot take an input of shape (5,). ",
        ),
        (
            ("out_features = 2", "out_features = 3"),
            'loss: CrossEntropyLoss takes one score per class: "kind" has 2 classes, but the '
            "outputs of the model have shape (3,) for each row.",
        ),
        (
            ('type = "CrossEntropyLoss"', 'type = "BCEWithLogitsLoss"'),
            "loss: BCEWithLogitsLoss compares each output with a target: the model must return 1 for each row (kind), "
            "but its outputs for a batch of 2 rows have shape (2, 2).",
        ),
        (
            ('type = "CrossEntropyLoss"', 'type = "CrossEntropyLoss"\nweight = [1, 2, 3]'),
            'loss.weight: "kind" has 2 classes, but `weight` has 3 numbers.',
        ),
    ],
)
def test_a_mismatch_in_a_model_is_reported_with_the_layer_and_its_input_shape(refused, replace, problem):
    assert only_line(refused("spec.toml", "-q", replace=replace)).startswith(f"spec.toml: {problem}")


def test_a_model_without_parameters_is_reported(refused):
    model = SPEC[SPEC.index("[model]") : SPEC.index("[loss]")]
    reported = refused(replace=(model, '[model]\ntype = "Tanh"\n'))
    assert reported == "spec.toml: model: Neither the model nor the loss has parameters to train."


@pytest.mark.parametrize(
    ("replace", "monitor", "problem"),
    [
        (
            ("[run]", "[run]"),
            "validation/loss",
            'spec.toml: callbacks[0].monitor: "validation/loss" is not logged. '
            'The data has no validation split. Logged: "training/loss".',
        ),
        (
            ("[run]", "[run]"),
            "trainig/loss",
            'spec.toml: callbacks[0].monitor: "trainig/loss" is not logged. Did you mean "training/loss"? '
            'Logged: "training/loss".',
        ),
        (
            ("batch_size", "validation = 0.5\nbatch_size"),
            "validation/accuracy",
            'spec.toml: callbacks[0].monitor: "validation/accuracy" is not logged. Did you mean "validation/Accuracy"? '
            'Logged: "training/loss", "validation/loss" and "validation/Accuracy".',
        ),
    ],
)
def test_early_stopping_refuses_to_monitor_a_number_that_is_not_logged(refused, replace, monitor, problem):
    append = f'[[metrics]]\ntype = "Accuracy"\n[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "{monitor}"\n'
    assert refused(replace=replace, append=append) == problem


# Invalid plugin files


def test_a_missing_plugin_file_is_reported(refused):
    assert refused("spec.toml", "-p", "mine.py") == "mine.py: There is no such file."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\ndef f(:\n", "mine.py: line 2: invalid syntax."),
        ("x = 1\n1 / 0\n", "mine.py: line 2: ZeroDivisionError: division by zero"),
        ("def f():\n    pass\n", "mine.py: No function of this file is marked with @hookimpl."),
        (
            "def step(run):\n    pass\n",
            'mine.py, line 1: "step" is the name of a stage; mark the function with @hookimpl.',
        ),
        (
            WRAPPER.replace("step", "stepp"),
            'The plugin "mine" (mine.py) implements "stepp", which is not a stage (',
        ),
        (WRAPPER.replace("run)", "run, modle)"), 'The plugin "mine" (mine.py) has a hook that does not fit. '),
        (
            WRAPPER.replace("return (yield)", "return True"),
            'The plugin "mine" (mine.py) has a hook that does not fit. ',
        ),
        (
            "from hookline import hookimpl\n@hookimpl\ndef prepare_data(run):\n    return 1 / 0\n",
            'spec.toml: data: The plugin "mine" failed in the stage "prepare_data" (mine.py, line 4): '
            "ZeroDivisionError: division by zero",
        ),
        (
            "from hookline import hookimpl\n@hookimpl(wrapper=True)\ndef build_model(run):\n    yield\n",
            'spec.toml: model: No plugin answered the stage "build_model". Plugins that implement it, in calling order: hookline_stages. It is wrapped by '
            "mine: a wrapper must return the value of its `yield`, or another answer.",
        ),
        (
            "from hookline import hookimpl\n@hookimpl\ndef register_specs():\n    return None\n",
            'The plugin "mine" ',
        ),
        (
            "from hookline import hookimpl\n@hookimpl\ndef register_specs():\n    return 1 / 0\n",
            'The plugin "mine" ',
        ),
    ],
)
def test_an_unusable_plugin_file_is_reported(refused, here, text, problem):
    (here / "mine.py").write_text(text)
    assert only_line(refused("spec.toml", "-p", "mine.py")).startswith(problem)


def test_a_plugin_file_with_a_duplicate_component_name_is_reported(refused, here):
    (here / "mine.py").write_text(
        "from hookline import hookimpl; from hookline.spec import LossSpec, spec\n\n@spec\nclass MSELoss(LossSpec):\n    '''A loss.'''\n\n"
        "@hookimpl\ndef register_specs():\n    return [MSELoss]\n"
    )
    reported = refused("spec.toml", "-p", "mine.py", "--set", "loss.type=MSELoss")
    who = f'"hookline_losses" (hookline {version("hookline")}) and "mine" (mine.py)'
    assert only_line(reported) == (
        f"--set loss.type=MSELoss: loss.type: The plugins {who} each have a loss named MSELoss: write "
        '"hookline_losses:MSELoss" or "mine:MSELoss".'
    )


# Invalid arguments


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["check"], "the following arguments are required: spec"),
        (["train", "spec.toml", "--wombat", "x=1"], "unrecognized arguments: --wombat x=1"),
        (["train", "spec.toml", "--set"], "argument --set: expected one argument"),
        (["evaluate", "run", "--split", "val"], "'training', 'validation', 'test'). Did you mean \"validation\"?\n"),
    ],
)
def test_invalid_arguments_are_reported_with_the_usage(here, capsys, arguments, problem):
    before = files(here)
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    reported = capsys.readouterr()
    assert (exit_.value.code, reported.out) == (2, "")
    assert reported.err.startswith("usage: hookline ")
    assert problem in reported.err
    assert files(here) == before


def test_traceback_raises_the_error(here):
    with pytest.raises(HooklineError, match=r"^none\.toml: There is no such file\.$"):
        main(["train", "none.toml", "--traceback"])


# Successful runs


@pytest.mark.parametrize("command", ["train", "plan"])
def test_a_failing_plugin_is_reported_at_the_section_of_its_stage(here, capsys, command):
    failing = WRAPPER.replace("step", "build_model").replace("return (yield)", 'yield\n    raise OSError("x\\n  y")')
    (here / "mine.py").write_text(failing)
    assert main([command, "-p", "mine.py", "spec.toml"]) == 2
    headline, *excerpt = capsys.readouterr().err.splitlines()
    line = SPEC.splitlines().index("[model]") + 1
    assert headline == (
        f'spec.toml:{line}:1: model: The plugin "mine" failed in the stage "build_model" '
        f"({here / 'mine.py'}, line 6): OSError: x y  [stage-failure]"
    )
    assert excerpt[1] == f"{line:>2} | [model]"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("callback", "line"),
    [
        ({"type": "EarlyStopping", "monitor": "training/loss"}, "those of epoch 2, from EarlyStopping."),
        ({"type": "ExponentialMovingAverage", "decay": 0.5}, "a mean until epoch 2, from ExponentialMovingAverage."),
    ],
)
@pytest.mark.filterwarnings("ignore:callbacks")
def test_the_output_says_which_weights_are_saved_if_not_the_last(callback, line, capsys):
    value = ", ".join(f"{name} = {json.dumps(option)}" for name, option in callback.items())
    assert main(["train", "spec.toml", "--set", f"callbacks=[{{ {value} }}]"]) == 0
    assert f"\nThe saved weights are {line}\n" in capsys.readouterr().out


@pytest.mark.usefixtures("_real_curves")
def test_training_writes_its_results_to_a_new_directory(here, capsys):
    before = files(here)
    assert main(["train", "spec.toml"]) == 0
    reported = capsys.readouterr()
    assert reported.err == ""
    assert "Results are in runs/spec/1\n" in reported.out
    new = {path: content for path, content in files(here).items() if path not in before}
    assert {path: files(here)[path] for path in before} == before
    assert sorted(str(path) for path in new) == [f"runs/spec/1/{name}" for name in with_examples()]
    result = json.loads(new[Path("runs/spec/1/result.json")])
    assert (result["name"], result["epochs"], result["steps"], result["stopped"]) == ("spec", 2, 6, None)
    assert list(result["metrics"]) == ["training"]
    assert result["logged"] == {}


def test_a_second_run_gets_the_next_number_and_leaves_the_first_unchanged(here, capsys):
    main(["train", "spec.toml", "-q"])
    first = files(here / "runs/spec/1")
    assert main(["train", "spec.toml", "-q"]) == 0
    assert files(here / "runs/spec/1") == first
    assert records(here / "runs/spec/2") == records(here / "runs/spec/1")


def test_the_last_of_several_changes_of_a_value_counts(here, capsys):
    changes = ["run.epochs=5", "optimizer.lr=0.5", "model.layers.0.out_features=3", "run.epochs=3", "run.name=mine"]
    arguments = [word for change in changes for word in ("--set", change)]
    assert main(["train", "spec.toml", "-q", *arguments]) == 0
    assert [record["epoch"] for record in records(here / "runs/mine/1")] == [1, 2, 3]
    written = (here / "runs/mine/1/spec.toml").read_text()
    assert "lr = 0.5\n" in written
    assert "out_features = 3" in written


def test_the_spec_of_a_run_directory_gives_the_same_metrics(here, capsys):
    split = ("batch_size", "validation = 0.25\ntest = 0.25\nstandardize = true\nbatch_size")
    (here / "spec.toml").write_text(SPEC.replace(*split) + '[[metrics]]\ntype = "Accuracy"\n')
    assert main(["train", "spec.toml", "-q", "--set", "run.seed=3", "--out", "deep/in/here"]) == 0
    assert main(["train", "deep/in/here/spec.toml", "-q", "--out", "again"]) == 0
    first, again = files(here / "deep/in/here"), files(here / "again")
    assert again[Path("metrics.jsonl")] == first[Path("metrics.jsonl")]
    assert again[Path("model.safetensors")] == first[Path("model.safetensors")]
    assert main(["train", "again/spec.toml", "-q", "--out", "once_more"]) == 0
    assert files(here / "once_more")[Path("spec.toml")] == again[Path("spec.toml")]


def test_quiet_prints_nothing(here, capsys):
    assert main(["train", "spec.toml", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_quiet_prints_nothing_even_if_the_spec_lists_the_display(here, capsys):
    (here / "spec.toml").write_text(f'{SPEC}\n[[callbacks]]\ntype = "Progress"\n')
    assert main(["train", "spec.toml", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_listed_display_is_not_added_again(here, capsys):
    main(["train", "spec.toml"])
    plain = capsys.readouterr().out
    (here / "spec.toml").write_text(f'{SPEC}\n[[callbacks]]\ntype = "Progress"\n')
    main(["train", "spec.toml"])
    listed = capsys.readouterr().out
    assert listed.count("learning rate") == plain.count("learning rate") == 1


def test_plugin_files_are_used_in_order(here, capsys):
    for name in ("one", "two"):
        (here / f"{name}.py").write_text(
            "from hookline import hookimpl\n\n@hookimpl(wrapper=True)\ndef select_loss():\n"
            f"    print('{name} before')\n    answer = yield\n    print('{name} after')\n    return answer\n"
        )
    assert main(["train", "spec.toml", "-q", "-p", "one.py", "-p", "two.py"]) == 0
    assert capsys.readouterr().out.splitlines() == ["one before", "two before", "two after", "one after"]


# Separate processes


def test_the_module_reports_invalid_input_without_a_traceback_and_with_exit_code_2(here, python):
    (here / "flowers.csv").write_text(CSV.replace("3.5,", "three,"))
    before = files(here)
    done = python.run("-m", "hookline", "train", "spec.toml", cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    first = f'spec.toml:7:8: data.path: {here}/flowers.csv: row 4, column "width": "three" is not a number.'
    assert done.stderr.splitlines()[0] == f"{first}  [invalid-data]"
    assert "Traceback" not in done.stderr
    assert files(here) == before


def test_without_a_terminal_no_control_characters_are_printed(here):
    done = hookline("train", "spec.toml", cwd=here, env={**os.environ, "TERM": "xterm-256color"})
    assert (done.returncode, done.stderr) == (0, "")
    assert [letter for letter in done.stdout if letter != "\n" and not letter.isprintable()] == []
    assert done.stdout.splitlines()[0] == "spec: 2 epochs of 3 steps on cpu, seed 0"
    assert done.stdout.splitlines()[-1].endswith("Results are in runs/spec/1")


def test_an_interruption_writes_the_results_so_far(here, python):
    words = ["-m", "hookline", "train", "spec.toml", "--set", "run.epochs=1000000", "--out", "out"]
    metrics = here / "out" / "metrics.jsonl"
    with (here / "stdout").open("w") as out, (here / "stderr").open("w") as err:
        process = python.start(*words, cwd=here, stdout=out, stderr=err)
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.read_bytes()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.wait()
    reported = (here / "stderr").read_text()
    logged = records(here / "out")
    result = json.loads((here / "out" / "result.json").read_text())
    assert process.returncode == 130
    assert reported == "Interrupted.\n"
    assert sorted(str(path) for path in files(here / "out")) == with_examples()
    assert [record["epoch"] for record in logged] == list(range(1, len(logged) + 1))
    assert result["stopped"] == "It was interrupted from the keyboard."
    assert result["epochs"] == len(logged) >= 1
    assert result["metrics"]["training"].keys() == {"loss"}


@pytest.fixture
def closed():
    """A file whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as file:
        yield file


def test_training_continues_when_the_output_is_closed(here, python, closed):
    with (here / "stderr").open("w") as err:
        process = python.start("-m", "hookline", "train", "spec.toml", cwd=here, stdout=closed, stderr=err)
    assert (process.wait(), (here / "stderr").read_text()) == (0, "")
    assert json.loads((here / "runs/spec/1/result.json").read_text())["epochs"] == 2


@pytest.mark.parametrize(
    ("words", "code"), [(["--help"], 0), (["check", "spec.toml"], 0), (["check", "spec.toml", "--set", "run.x=0"], 1)]
)
def test_the_exit_code_is_the_same_when_the_output_is_closed(here, python, closed, words, code):
    with (here / "stderr").open("w") as err:
        process = python.start("-m", "hookline", *words, cwd=here, stdout=closed, stderr=err)
    assert (process.wait(), (here / "stderr").read_text()) == (code, "")


HEAVY = ("torch", "numpy", "pyarrow", "matplotlib", "torchmetrics", "rich", "safetensors")


@pytest.mark.parametrize(
    ("arguments", "code", "output"),
    [
        (["--help"], 0, "usage: hookline "),
        (["train", "--help"], 0, "usage: hookline train "),
        (["--version"], 0, f"hookline {version('hookline')}\n"),
        ([], 0, "usage: hookline "),
        (["train", "none.toml"], 2, "none.toml: There is no such file."),
        (["train", "spec.toml", "--set", "run.epochs=0"], 2, "--set run.epochs=0: run.epochs: 0 is out of bounds"),
        (
            ["train", "spec.toml", "--set", "optimizer.type=Adm"],
            2,
            "--set optimizer.type=Adm: optimizer.type: There is no",
        ),
    ],
)
def test_help_and_problems_are_printed_without_slow_imports(here, arguments, code, output):
    script = f"""
import sys
from hookline.cli.main import main
try:
    code = main({arguments!r})
except SystemExit as exit_:
    code = exit_.code
print("imported:", sorted(set({HEAVY!r}) & set(sys.modules)), "code:", code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=here, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == f"imported: [] code: {code}"
    assert (done.stdout if code == 0 else done.stderr).startswith(output)
