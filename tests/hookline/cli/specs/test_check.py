"""The commands that inspect specs without training: check, explain, show and diff."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from outputs import without_ids

from hookline.check.toml.document import read
from hookline.cli.main import main
from hookline.errors import Diagnostic

ROOT = Path(__file__).parents[4]
SPECS = sorted(ROOT.glob("specs/**/*.toml"))

WRONG = """\
[run]
epoch = 3
seed = -1
lr = 0.1

[data]
type = "CSV"
path = "flower.csv"
targets = "kind"

[model]
type = "Sequential"
layers = [
    { type = "Linear", out_features = 5 },
    { type = "Relu" },
]

[loss]
type = "CrossEntropyLoss"

[[metrics]]
type = "R2Score"

[optimizer]
type = "Adam"
momentum = 0.9
"""
TOLD = """\
spec.toml:2:1: run.epoch: There is no key "epoch". Did you mean "epochs"?  [unknown-key]
  |
2 | epoch = 3
  | ^^^^^

spec.toml:3:8: run.seed: -1 is out of bounds: it must be at least 0 and at most 4294967295.  [out-of-bounds]
  |
3 | seed = -1
  |        ^^

spec.toml:4:1: run.lr: There is no key "lr". It is an option of Adam and belongs in [optimizer].  [unknown-key]
   |
 4 | lr = 0.1
   | ^^
...
24 | [optimizer]
   | -----------

spec.toml:8:8: data.path: There is no such file.  [missing-file]
  |
8 | path = "flower.csv"
  |        ^^^^^^^^^^^^

spec.toml:15:14: model.layers[1].type: There is no layer called "Relu". Did you mean "ReLU"?  [unknown-type]
   |
15 |     { type = "Relu" },
   |              ^^^^^^

spec.toml:22:8: metrics[0].type: R2Score evaluates numbers or labels, but CrossEntropyLoss predicts classes.  [conflicting-options]
   |
19 | type = "CrossEntropyLoss"
   |        ------------------
...
22 | type = "R2Score"
   |        ^^^^^^^^^

spec.toml:26:1: optimizer.momentum: Adam has no option "momentum". "Muon", "RMSprop" and "SGD" have it. Available: \
"amsgrad", "betas", "capturable", "decoupled_weight_decay", "eps", "foreach", "fused", "groups", "lr", "maximize" and \
"weight_decay".  [unknown-key]
   |
26 | momentum = 0.9
   | ^^^^^^^^

7 errors in spec.toml.
"""
GOOD = (ROOT / "specs" / "iris.toml").read_text().partition("\n")[2]
"""A shipped spec without its first line, which names a schema."""
IRIS = (ROOT / "specs" / "data" / "iris.csv").read_text()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working directory, with a valid spec and its data."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "data").mkdir()
    shutil.copy(ROOT / "specs" / "data" / "iris.csv", tmp_path / "data")
    return tmp_path


@pytest.fixture
def hookline(here, capsys):
    def command(*words, with_ids=False):
        code = main(list(words))
        reported = capsys.readouterr()
        assert "Traceback" not in reported.err
        return (
            (code, reported.out, reported.err)
            if with_ids
            else (code, without_ids(reported.out), without_ids(reported.err))
        )

    return command


def test_all_problems_are_reported_at_once_each_with_a_marker(here, hookline):
    (here / "spec.toml").write_text(WRONG)
    assert hookline("check", "spec.toml", with_ids=True) == (1, TOLD, "")


def test_a_spec_without_problems_is_reported_as_such(hookline):
    assert hookline("check", "good.toml") == (0, "good.toml: no problems found.\n", "")


def test_the_shipped_specs_have_no_problems(hookline):
    assert hookline("check", *map(str, SPECS)) == (0, f"{len(SPECS)} specs: no problems found.\n", "")


def test_all_given_specs_are_checked(here, hookline):
    (here / "spec.toml").write_text(WRONG)
    (here / "other.toml").write_text("x = ")
    code, out, err = hookline("check", "good.toml", "spec.toml", "none.toml", "other.toml", with_ids=True)
    assert (code, err) == (2, "none.toml: There is no such file.  [unreadable-file]\n")
    assert out.endswith(
        "other.toml:1:5: This is not TOML. The value is missing.  [syntax]\n  |\n1 | x =\n  |     ^\n\n"
        "8 errors in 2 of 4 specs. 1 spec could not be checked.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "file", "message"),
    [
        (["none.toml", "good.toml"], "none.toml", "There is no such file."),
        (["good.toml", "--with", "none.toml"], "none.toml", "There is no such file."),
        (["good.toml", "."], ".", 'This is a directory, not a spec. It contains "good.toml".'),
        (["good.toml", "-p", "none.py"], "none.py", "There is no such file."),
    ],
)
def test_an_unreadable_file_is_reported_to_tools_with_a_location(here, hookline, arguments, file, message):
    code, reported, err = hookline("check", *arguments, "--format", "json")
    [problem] = json.loads(reported)
    assert (code, err) == (2, "")
    text = f"{problem['message']} {problem['help']}".rstrip()
    assert (problem["file"], problem["line"], text) == (file, 1, message)
    assert problem["id"] == ("unusable-plugin" if file == "none.py" else "unreadable-file")
    reported = f"::error file={file},line=1,title=spec::{message} [{problem['id']}]\n"
    assert hookline("check", *arguments, "--format", "github") == (2, reported, "")


def test_an_error_names_the_extended_file_that_contains_it(here, hookline):
    (here / "more.toml").write_text("[optimizer]\nlr = -1\n")
    code, out, _ = hookline("check", "good.toml", "--with", "more.toml")
    assert (code, out.splitlines()[-1]) == (1, "1 error in more.toml.")
    (here / "more.toml").write_text("x" * 2**20)
    code, out, _ = hookline("check", "good.toml", "--with", "more.toml")
    assert out == ("more.toml:1:1: This is not a spec: the file has more than 256 KiB.\n\n1 error in more.toml.\n")


def test_the_text_output_shows_only_the_first_of_many_errors(here, hookline):
    keys = "".join(f"lrr{index} = 1\n" for index in range(2000))
    (here / "spec.toml").write_text(GOOD.replace("lr = ", f"{keys}lr = "))
    _, out, _ = hookline("check", "spec.toml")
    assert out.count("There is no key") + out.count("has no option") == 100
    assert out.endswith("\n\nspec.toml: 1,900 more problems.\n\n2,000 errors in spec.toml.\n")
    assert hookline("show", "spec.toml")[2].endswith("\n\nspec.toml: 1,900 more problems.\n")
    reported = json.loads(hookline("check", "spec.toml", "--format", "json")[1])
    assert len(reported) == 2000
    first, later = (reported[index] for index in (9, 999))
    assert first["message"] == 'Adam has no option "lrr9".'
    assert first["help"].startswith('Available: "amsgrad"')
    # Suggestions are limited to a number that users would read.
    assert (later["message"], later["help"]) == ('Adam has no option "lrr999".', "")


@pytest.mark.parametrize("how", ["json", "github"])
def test_each_format_for_tools_contains_the_problems(here, hookline, how):
    (here / "spec.toml").write_text(WRONG)
    code, out, err = hookline("check", "spec.toml", "--format", how)
    assert (code, err) == (1, "")
    if how == "json":
        reported = json.loads(out)
        assert [(one["file"], one["line"], one["column"]) for one in reported] == [
            ("spec.toml", line, column) for line, column in ((2, 1), (3, 8), (4, 1), (8, 8), (15, 14), (22, 8), (26, 1))
        ]
        assert reported[2]["related"][0]["line"] == 24
        assert reported[0]["path"] == "run.epoch"
    else:
        assert out.splitlines()[0] == (
            "::error file=spec.toml,line=2,col=1,endColumn=6,title=run.epoch::"
            'There is no key "epoch". Did you mean "epochs"? [unknown-key]'
        )
        assert len(out.splitlines()) == 7


def test_the_formats_for_tools_are_empty_without_problems(hookline):
    assert hookline("check", "good.toml", "--format", "json") == (0, "[]\n", "")
    assert hookline("check", "good.toml", "--format", "github") == (0, "", "")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"data/iris.csv"', '"data/irs.csv"', '8:8: data.path: There is no such file. Did you mean "data/iris.csv"?'),
        ('"data/iris.csv"', '"dta/iris.csv"', '8:8: data.path: There is no such file. Did you mean "data/iris.csv"?'),
        (
            '"data/iris.csv"',
            r'"data\new.csv"',
            "8:8: data.path: There is no such file. The name contains a control character",
        ),
        ('"data/iris.csv"', '"data"', "8:8: data.path: This is a directory."),
        ('"species"', '"specis"', '9:11: data.targets: There is no column "specis". Did you mean "species"?'),
        (
            'targets = "species"',
            'inputs = ["petal*", "sepal_legth"]\ntargets = "species"',
            '9:21: data.inputs[1]: There is no column "sepal_legth". Did you mean "sepal_length"?',
        ),
        (
            'targets = "species"',
            'inputs = { a = ["petal*", "x y"] }\ntargets = "species"',
            '9:27: data.inputs.a[1]: There is no column "x y".',
        ),
        ("test = 0.2", 'test = "more.csv"', "12:8: data.test: There is no such file."),
        (
            "test = 0.2",
            'test = "0.2"',
            "12:8: data.test: There is no such file. Write a fraction as a number, without quotes: 0.2.",
        ),
        ('targets = "species"\n', "", "6:1: data.targets: CrossEntropyLoss takes one target, but none is given."),
    ],
)
def test_missing_files_and_columns_are_reported_without_importing_torch(here, hookline, old, new, problem):
    text = GOOD.replace("stratify = true\n", "") if new == "" or "more" in new else GOOD
    assert old in text
    (here / "spec.toml").write_text(text.replace(old, new))
    code, out, _ = hookline("check", "spec.toml")
    assert code == 1
    assert out.startswith(f"spec.toml:{problem}")
    assert out.endswith("\n1 error in spec.toml.\n")


def test_a_suggested_file_has_a_path_of_the_same_form(here, hookline):
    (here / "below").mkdir()
    for name, path in [
        ("spec.toml", here / "data" / "irs.csv"),
        ("below/base.toml", "../data/irs.csv"),
    ]:
        (here / name).write_text(GOOD.replace("data/iris.csv", str(path)))
    (here / "above.toml").write_text('extends = "below/base.toml"\n')
    for name, meant in [
        ("spec.toml", here / "data" / "iris.csv"),
        ("below/base.toml", "../data/iris.csv"),
        ("above.toml", "../data/iris.csv"),
    ]:
        _, out, _ = hookline("check", name)
        assert f'data.path: There is no such file. Did you mean "{meant}"?' in out


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "root:*:20228:0:\nuser:*:20228:0:\n",
            "The first line of the file is a single name: separate names with commas.",
        ),
        ("secret;other\n", 'The cells are separated by semicolons, not commas. Set `delimiter = ";"`.'),
        ('{"secret": 1, "b": 2}\n', 'This is a JSONLines file. Set `type = "JSONLines"`.'),
        ("secret\0,x\n", "This is not text: it contains NUL characters."),
        (f"secret{'y' * 99},x\n1,2\n", f'Available: "secret{"y" * 31}..." and "x".'),
    ],
)
def test_a_file_that_is_not_a_table_is_not_quoted_and_long_names_are_shortened(here, hookline, content, problem):
    (here / "other.csv").write_text(content)
    (here / "spec.toml").write_text(GOOD.replace("data/iris.csv", "other.csv"))
    code, out, _ = hookline("check", "spec.toml")
    assert (code, out.count(problem), out.count("secret")) == (1, 1, problem.count("secret"))


def test_missing_files_and_columns_are_reported_together_with_wrong_options(here, hookline):
    text = GOOD.replace('"species"', '"specis"').replace("batch_size = 16", "batch_size = 0\nshufle = true")
    text = text.replace('type = "CrossEntropyLoss"', 'type = "CrossEntropyLos"').replace("test = 0.2", 'test = "t.csv"')
    (here / "spec.toml").write_text(text)
    code, out, _ = hookline("check", "spec.toml")
    assert code == 1
    reported = [line.removeprefix("spec.toml:") for line in out.splitlines() if line.startswith("spec.toml:")]
    assert [line.partition(": ")[0] for line in reported] == [
        "9:11",  # unknown column
        "12:8",  # missing file
        "14:14",  # out of bounds
        "15:1",  # unknown option
        "26:8",  # unknown loss
    ]


def test_columns_are_not_looked_for_if_an_option_says_wrongly_how_to_read_them(here, hookline):
    text = GOOD.replace('"species"', '"specis"')
    (here / "spec.toml").write_text(text.replace("batch_size = 16", 'delimiter = ",,"'))
    code, out, _ = hookline("check", "spec.toml")
    assert (code, out.splitlines()[-1], "delimiter" in out) == (1, "1 error in spec.toml.", True)


@pytest.mark.parametrize("line", ['target = "species"', "targets = 3", 'inputs = ["petal*", 3]\ntargets = "species"'])
def test_an_invalid_data_option_is_not_also_reported_as_missing(here, hookline, line):
    (here / "spec.toml").write_text(GOOD.replace('targets = "species"', line).replace("stratify = true\n", ""))
    code, out, _ = hookline("check", "spec.toml")
    assert (code, out.splitlines()[-1]) == (1, "1 error in spec.toml.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[run]\ntype = "x"', "run.type: This table is not a component and has no `type`."),
        ('type = "x"', "type: This table is not a component and has no `type`."),
        (
            '[optimizer]\ntype = "Partition"\nparts = [{ type = "Muon" }]',
            "optimizer.parts[0].type: This table is not a component and has no `type`. Its `optimizer` is a component: "
            'optimizer = { type = "…" }.',
        ),
    ],
)
def test_a_type_in_a_section_without_components_is_reported_once(here, hookline, text, message):
    (here / "spec.toml").write_text(f'extends = "good.toml"\n{text}\n')
    code, out, _ = hookline("check", "spec.toml")
    assert out.splitlines()[0].partition(": ")[2] == message
    assert (code, out.splitlines()[-1]) == (1, "1 error in spec.toml.")


def test_changes_by_name_in_a_misspelled_section_are_reported_once(here, hookline):
    (here / "spec.toml").write_text('extends = "good.toml"\n[callback.stop]\ntype = "EarlyStopping"\n')
    assert hookline("check", "spec.toml", with_ids=True) == (
        1,
        'spec.toml:2:2: callback: There is no key "callback". Did you mean "callbacks"?  [unknown-key]\n'
        "  |\n2 | [callback.stop]\n  |  ^^^^^^^^\n\n1 error in spec.toml.\n",
        "",
    )


def test_train_reports_problems_as_check_does(here, hookline):
    (here / "spec.toml").write_text(WRONG)
    assert hookline("train", "spec.toml", with_ids=True) == (
        2,
        "",
        TOLD.removesuffix("\n\n7 errors in spec.toml.\n") + "\n",
    )


def test_an_error_in_a_merged_file_is_reported_in_that_file(here, hookline):
    (here / "more.toml").write_text("[optimizer]\nlr = -1\n")
    code, out, _ = hookline("check", "good.toml", "--with", "more.toml", "--set", "run.epochs=0")
    assert code == 1
    assert out.startswith("more.toml:2:6: optimizer.lr: -1 is out of bounds")
    assert "--set run.epochs=0: run.epochs: 0 is out of bounds: it must be at least 1.\n" in out


# The deep check


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "out_features = 3 }",
            "out_features = 3, in_features = 7 }",
            "21:5: model.layers[2]: Linear cannot take an input of shape (16,).",
        ),
        ("out_features = 3 }", "out_features = 2 }", "24:1: loss: CrossEntropyLoss takes one score per class"),
        ('"CrossEntropyLoss"', '"CrossEntropyLoss"\nweight = [1, 2]', '26:10: loss.weight: "species" has 3 classes'),
        (
            '"CrossEntropyLoss"',
            '"CrossEntropyLoss"\nignore_index = 3',
            "26:16: loss.ignore_index: There are 3 classes, counted from 0",
        ),
        (
            '"Accuracy"',
            '"Accuracy"\ntop_k = 5',
            "33:9: metrics[0].top_k: Accuracy cannot be computed. There are 3 classes, but `top_k` is 5.",
        ),
        (
            "[[deploy]]",
            '[[callbacks]]\ntype = "Freeze"\nlayers = ["Conv9"]\n[[deploy]]',
            '40:11: callbacks[0].layers[0]: This selects nothing: no layer "Conv9" has parameters.',
        ),
        ("data/iris.csv", "data/empty.csv", "8:8: data.path: "),
        (
            "[[deploy]]",
            '[[callbacks]]\ntype = "CutMix"\n[[deploy]]',
            "38:1: callbacks[0]: CutMix takes images, but a row of inputs has the shape (4,).",
        ),
        (
            '"Accuracy"',
            '"Accuracy"\nnum_classes = 2',
            "33:15: metrics[0].num_classes: Accuracy cannot be computed. There are 3 outputs, but",
        ),
        (
            '"Adam"',
            '"Adam"\ngroups = [{ layers = "Conv9" }]',
            "29:22: optimizer.groups[0].layers: This selects nothing",
        ),
        ('"ReLU" }', '"Conv2d", out_channels = 2, kernel_size = 3 }', "20:5: model.layers[1]: Conv2d cannot take"),
        ('type = "CrossEntropyLoss"', 'type = "NLLLoss"', "24:1: loss: NLLLoss takes log-probabilities"),
        ('type = "Adam"', 'type = "Muon"', "27:1: optimizer: Muon"),
        ('"species"', '["species", "petal_width"]', "9:12: data.targets[0]: "),
    ],
)
def test_a_deep_check_reports_a_mismatch_at_its_place(here, hookline, old, new, problem):
    assert old in GOOD
    (here / "spec.toml").write_text(GOOD.replace(old, new))
    (here / "data" / "empty.csv").write_text(IRIS.replace("5.1", "", 1))
    assert hookline("check", "spec.toml") == (0, "spec.toml: no problems found.\n", "")
    code, out, _ = hookline("check", "--deep", "spec.toml")
    assert code == 1
    assert out.startswith(f"spec.toml:{problem}")
    assert out.endswith("\n1 error in spec.toml.\n")
    assert not (here / "runs").exists()


def test_unsuitable_outputs_are_reported_at_the_loss_and_the_last_layer(here, hookline):
    (here / "spec.toml").write_text(GOOD.replace("out_features = 3", "out_features = 4"))
    message = (
        'CrossEntropyLoss takes one score per class: "species" has 3 classes, but the outputs of the model have shape '
        "(4,) for each row."
    )
    layer = '    { type = "Linear", out_features = 4 },'
    assert hookline("check", "--deep", "spec.toml")[1] == (
        f"spec.toml:24:1: loss: {message}\n   |\n21 | {layer}\n   |     {'-' * 37}\n...\n"
        "24 | [loss]\n   | ^^^^^^\n\n1 error in spec.toml.\n"
    )


def test_mismatched_sizes_are_explained_in_words(here, hookline):
    (here / "spec.toml").write_text(GOOD.replace("out_features = 3", "out_features = 3, in_features = 7"))
    assert hookline("check", "--deep", "spec.toml")[1].splitlines()[0] == (
        "spec.toml:21:5: model.layers[2]: Linear cannot take an input of shape (16,). `in_features` is 7, but the inputs "
        "have 16: remove it to infer it from the inputs."
    )


def test_independent_mismatches_are_all_reported(here, hookline):
    text = GOOD.replace("out_features = 3", "out_features = 4").replace('"Adam"', '"Adam"\ngroups = [{ layers = "x" }]')
    (here / "spec.toml").write_text(text)
    code, reported, _ = hookline("check", "--deep", "--format", "json", "spec.toml")
    paths = ["loss", "optimizer.groups[0].layers"]
    assert (code, [problem["path"] for problem in json.loads(reported)]) == (1, paths)
    # Problems that depend on the model are not guessed.
    (here / "spec.toml").write_text(text.replace('"ReLU"', '"GRU"').replace("[1, 2]", "[1, 2, 3]"))
    _, reported, _ = hookline("check", "--deep", "--format", "json", "spec.toml")
    assert len(json.loads(reported)) == 1


STAGES = {
    "prepare_data": 6,
    "build_model": 16,
    "select_loss": 24,
    "select_optimizer": 27,
    "forward": 16,
    "loss": 24,
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("answer", ["1 / 0", "None", "return 3"])
def test_a_failing_stage_is_reported_at_its_section(here, hookline, stage, answer):
    (here / "mine.py").write_text(
        f"from hookline import hookimpl\n\n\n@hookimpl(wrapper=True)\ndef {stage}(run):\n    yield\n    {answer}\n"
    )
    code, reported, _ = hookline("check", "--deep", "--format", "json", "-p", "mine.py", "good.toml")
    [problem] = json.loads(reported)
    assert (code, problem["line"]) == (1, STAGES[stage])
    assert f"{stage}" in problem["message"]


def test_a_failing_callback_is_reported_at_its_entry(here, hookline):
    (here / "bad.py").write_text(CALLBACK)
    (here / "spec.toml").write_text(f'{GOOD}[[callbacks]]\ntype = "CSVLog"\n[[callbacks]]\ntype = "Bad"\n')
    _, reported, _ = hookline("check", "--deep", "--format", "json", "-p", "bad.py", "spec.toml")
    [problem] = json.loads(reported)
    assert (problem["line"], problem["path"]) == (42, "callbacks[1]")


CALLBACK = """\
from hookline import hookimpl
from hookline.spec import CallbackSpec, spec


@hookimpl
def register_specs():
    return [Bad]


@spec
class Bad(CallbackSpec):
    \"\"\"A callback.\"\"\"

    @hookimpl(wrapper=True)
    def build_model(self):
        yield
        1 / 0
"""


def test_a_deep_check_of_a_huge_model_needs_no_memory(here, hookline):
    (here / "spec.toml").write_text(GOOD.replace("out_features = 16", "out_features = 1_000_000_000_000"))
    assert hookline("check", "--deep", "spec.toml")[0] == 0


@pytest.mark.parametrize(
    ("stage", "answer", "code"),
    [
        ("forward", 'torch.zeros(1, device="meta").item()', 0),
        ("select_loss", 'torch.zeros(1, device="meta").item()', 0),
        ("forward", 'raise RuntimeError("There is no metadata.")', 1),
        ("select_loss", 'raise RuntimeError("There is no metadata.")', 1),
    ],
)
def test_a_large_model_is_never_built_with_values(here, hookline, stage, answer, code):
    (here / "spec.toml").write_text(GOOD.replace("out_features = 16", "out_features = 1_000_000_000_000"))
    (here / "mine.py").write_text(
        f"import torch\nfrom hookline import hookimpl\n\n\n"
        f"@hookimpl(wrapper=True)\ndef {stage}(run):\n    yield\n    {answer}\n"
    )
    reported = hookline("check", "--deep", "--format", "json", "-p", "mine.py", "spec.toml")
    assert (reported[0], [problem["line"] for problem in json.loads(reported[1])]) == (code, [STAGES[stage]] * code)


@pytest.mark.parametrize("command", [["check", "--deep"], ["check", "--deep", "--format", "json"], ["plan"]])
def test_a_warning_is_printed_once_and_without_source_code(here, hookline, command):
    layer = '{ type = "BatchNorm1d" },\n    { type = "ReLU" },'
    text = GOOD.replace('{ type = "ReLU" },', layer).replace("epochs = ", "accumulate = 2\nepochs = ")
    (here / "spec.toml").write_text(text)
    code, out, err = hookline(*command, "spec.toml", with_ids=True)
    message = (
        "BatchNorm1d normalizes each part of a batch separately, so the result differs from that of the whole batch."
    )
    line = text[: text.index("accumulate = 2")].count("\n") + 1
    reported = f"spec.toml:{line}:14: warning: run.accumulate: {message}  [inexact-accumulation]\n"
    if command == ["plan"]:
        assert (code, err) == (0, reported)
    elif "json" in command:
        [warning] = json.loads(out)
        assert (code, err, warning["severity"], warning["message"]) == (0, "", "warning", message)
        assert (warning["id"], warning["line"], warning["path"]) == ("inexact-accumulation", line, "run.accumulate")
    else:
        assert (code, err) == (0, "")
        assert out.startswith(reported)
        assert out.endswith("\n\nspec.toml: no errors found, with 1 warning.\n")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_shipped_specs_pass_a_deep_check(path, hookline):
    code, out, err = hookline("check", "--deep", str(path))
    if path.stem == "embedding":  # Some of its images have the same dark pixels.
        assert (code, err, out.endswith("no errors found, with 2 warnings.\n")) == (0, "", True)
        return
    assert (code, out, err) == (0, f"{path}: no problems found.\n", "")


# The origin of values


def test_explain_lists_every_place_that_sets_a_value(here, hookline):
    (here / "spec.toml").write_text('extends = "good.toml"\noptimizer.lr = 0.02\n')
    assert hookline("explain", "spec.toml", "optimizer.lr", "--set", "optimizer.lr = 0.5") == (
        0,
        "optimizer.lr = 0.5\n"
        "\n"
        "  a number, at least 0; lr of Adam, an optimizer\n"
        "  The learning rate.\n"
        "\n"
        "Set by\n"
        "  good.toml:29:6            lr = 0.01\n"
        "  spec.toml:2:16            optimizer.lr = 0.02\n"
        "  --set optimizer.lr = 0.5\n",
        "",
    )


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [
        ("optimizer.eps", "optimizer.eps = 1e-08", "No file sets it; this is the default."),
        ("run", "run = {", "  good.toml:3:1  [run]"),
        ("model.layers.1", "model.layers[1] is ReLU", '  good.toml:20:5  { type = "ReLU" },'),
        ("model.layers[0].out_features", "model.layers[0].out_features = 16", "out_features = 16 },"),
        ("model.layers.ReLU.inplace", "model.layers[1].inplace = false", "this is the default."),
        ("metrics.F1Score.average", 'metrics[1].average = "macro"', 'average = "macro"'),
        ("data.split_column", "data.split_column is not set", "this is the default."),
        ("run.name", 'run.name = "good"', "this is the default."),
    ],
)
def test_every_value_can_be_explained(hookline, path, first, last):
    code, out, _ = hookline("explain", "good.toml", path)
    lines = out.splitlines()
    assert (code, lines[0][: len(first)]) == (0, first)
    assert lines[-1].endswith(last)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("optimiser.lr", 'A spec has no option "optimiser". Did you mean "optimizer"?'),
        ("optimizer.lrr", 'Adam has no option "lrr". Did you mean "lr"?'),
        ("optimizer.lr.x", 'optimizer.lr is a single value and contains no "x".'),
        ("model.layers.9", 'There is no "9" in model.layers: the indices are 0 to 2. Available:'),
        ("model.layers.Linear", 'Several elements of model.layers are called "Linear"; use an index instead.'),
        ("", '"" is not a path, such as optimizer.lr.'),
        ("a b", '"a b" is not a path, such as optimizer.lr.'),
    ],
)
def test_explain_reports_a_path_that_does_not_exist(hookline, path, message):
    code, out, err = hookline("explain", "good.toml", path)
    assert (code, out) == (2, "")
    assert err.startswith(message)


# The complete spec


def test_a_complete_spec_marks_defaults(here, hookline):
    code, out, _ = hookline("show", "good.toml", "--set", "run.seed=0")
    assert code == 0
    assert '[run]\nname = "good"  # default\nseed = 0\nepochs = 60\n# max_steps is not set\n' in out
    assert '[[model.layers]]\ntype = "ReLU"\ninplace = false  # default\n' in out
    assert "# split_column is not set\n" in out


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_complete_spec_has_the_same_meaning(path, tmp_path, hookline):
    _, out, _ = hookline("show", str(path))
    # Paths are relative to the file, so it cannot be written elsewhere.
    complete = tmp_path / path.name
    complete.write_text(out.replace('path = "', f'path = "{path.parent}/'))
    assert hookline("diff", str(path), str(complete)) == (0, f"{path} and {complete} have the same meaning.\n", "")
    assert "[] and" not in out


# Comparing two specs


def test_order_comments_and_explicit_defaults_make_no_difference(here, hookline):
    head, _, data = GOOD.partition("[data]")
    (here / "other.toml").write_text(f"[data]{data}\n# again\n{head}seed = 0\nname = 'other'\n")
    assert hookline("diff", "good.toml", "other.toml") == (0, "good.toml and other.toml have the same meaning.\n", "")


def test_differences_are_shown_with_both_values(here, hookline):
    text = GOOD.replace("lr = 0.01", "lr = 0.1").replace('    { type = "ReLU" },\n', "").replace("F1Score", "AUROC")
    (here / "other.toml").write_text(text.replace("CrossEntropyLoss", "MultiMarginLoss"))
    assert hookline("diff", "good.toml", "other.toml") == (
        1,
        'model.layers[1]: only in good.toml: { type = "ReLU" }\n'
        'loss: { type = "CrossEntropyLoss" } → { type = "MultiMarginLoss" }\n'
        "optimizer.lr: 0.01 → 0.1\n"
        'metrics[1]: { type = "F1Score", average = "macro" } → { type = "AUROC" }\n',
        "",
    )


def test_two_runs_are_compared_by_their_saved_specs(here, hookline):
    for directory, epochs in (("a", 2), ("b", 3)):
        assert hookline("train", "good.toml", "-q", "--out", directory, "--set", f"run.epochs={epochs}")[0] == 0
    assert hookline("diff", "a", "b") == (1, "run.epochs: 2 → 3\n", "")
    assert hookline("diff", "a", "good.toml", "--set", "run.epochs=5") == (
        0,
        "a and good.toml have the same meaning.\n",
        "",
    )


def test_these_commands_import_no_slow_packages(here):
    (here / "wrong.toml").write_text(WRONG)
    script = """
import sys
from hookline.errors import Diagnostic
from hookline.cli.main import main
from hookline.check.toml.document import read
for words in ("check good.toml wrong.toml", "explain good.toml run.seed", "show good.toml", "diff good.toml good.toml"):
    main(words.split())
heavy = {"torch", "numpy", "pyarrow", "matplotlib", "optuna", "torchmetrics", "rich", "safetensors"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=here, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


SLIPS = """\
[data]
type = "CSV"
path = "data/iris.csv"
target = "species"
validation = 0.6
test = 0.6

[model]
type = "Sequental"
layers = [
    { type = "Linear", out_feature = 3 },
    { out_features = 3 },
]

[loss]
typ = "CrossEntropyLoss"
label_smoothing = 7

[loss.optimizer]
lr = 3

[optimizer]
type = "torch.optim.Adam"
betas = [0.9, 1.5]

[[metrics]]
type = "Accuracy"

[run]
device = "cdua"
"""


def test_one_problem_does_not_hide_nested_ones(here, hookline):
    (here / "spec.toml").write_text(SLIPS)
    _, reported, _ = hookline("check", "spec.toml", "--format", "json")
    problems = [
        f"{problem['line']}:{problem['column']} {problem['message']} {problem['help']}".rstrip()
        for problem in json.loads(reported)
    ]
    assert problems == [
        '4:1 CSV has no option "target". Did you mean "targets"?',
        '9:8 There is no model called "Sequental". Did you mean "Sequential"?',
        '11:24 Linear has no option "out_feature". Did you mean "out_features"?',
        "12:5 The `type`, which names the layer, is missing.",
        '16:1 There is no option "typ". Did you mean "type"?',
        "17:19 7 is out of bounds: it must be at least 0 and at most 1. 7 percent is 0.07.",
        '19:7 CrossEntropyLoss has no option "optimizer". It is a section of its own: [optimizer].',
        '23:8 There is no optimizer called "torch.optim.Adam". Did you mean "Adam"?',
        '30:10 There is no device called "cdua". Did you mean "cuda"?',
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'"sepal_length,species\n' + b"1,a\n" * 40000, "The header cannot be read: field larger than field limit"),
        (b"x" * (5 * 2**20), "The header has more than 4 MiB. There may be an unclosed quote."),
    ],
    ids=["a quote that is not closed", "no line break"],
)
def test_a_header_without_end_is_reported(here, hookline, content, problem):
    (here / "data" / "iris.csv").write_bytes(content)
    code, reported, _ = hookline("check", "good.toml")
    assert code == 1
    assert f"data.path: {problem}" in reported


def test_devices_and_pipes_are_not_read(here, hookline):
    os.mkfifo(here / "data" / "pipe")
    code, reported, _ = hookline("check", "good.toml", "--set", "data.path=data/pipe")
    assert code == 1
    assert "data.path: This is not a regular file." in reported


def test_the_type_of_a_component_is_explained(here, hookline):
    _, reported, _ = hookline("explain", "good.toml", "optimizer.type", "--set", "optimizer.type=SGD")
    assert reported.splitlines()[0] == "optimizer is SGD"
    assert reported.splitlines()[-1] == "  --set optimizer.type=SGD"
    assert hookline("explain", "good.toml", "optimizer.lr.type")[0] == 2


def test_a_change_with_an_index_in_brackets_is_reported_explained_and_shown(here, hookline):
    change = "model.layers[0].out_features"
    _, reported, _ = hookline("explain", "good.toml", change, "--set", f"{change}=4")
    assert reported.splitlines()[-1] == f"  --set {change}=4"
    _, reported, _ = hookline("check", "good.toml", "--set", f"{change}=4.5")
    assert reported.splitlines()[0].startswith(f"--set {change}=4.5: model.layers[0].out_features: ")
    _, reported, _ = hookline("show", "good.toml", "--set", "model.layers[0].bias=true")
    assert "# default" not in next(line for line in reported.splitlines() if "bias" in line)


FAULTY = """\
from hookline import hookimpl
from hookline.spec import CallbackSpec, DataSpec, MetricSpec, option, spec


def refuse(instance, attribute, value):
    raise TypeError("no")


@spec
class Early(CallbackSpec):
    '''A callback.'''

    def __attrs_post_init__(self):
        raise KeyError("x")


@spec
class Strict(CallbackSpec):
    '''A callback.'''

    size: int = option(default=1, minimum=1, validator=refuse)
    '''A number.'''


@spec
class Far(CallbackSpec):
    '''A callback.'''

    def check(self, model):
        model.layers[99]


@spec
class Blind(MetricSpec):
    '''A metric.'''

    def check(self, loss):
        loss.nothing


@spec
class Lost(DataSpec):
    '''Data.'''

    def check(self, loss):
        raise FileNotFoundError(2, "no")
        yield


@hookimpl
def register_specs():
    return [Early, Strict, Far, Blind, Lost]
"""


@pytest.mark.parametrize(
    ("append", "reported"),
    [
        ('[[callbacks]]\ntype = "Early"', "callbacks[0]: Early failed. {file}, line 14: KeyError: 'x'"),
        ('[[callbacks]]\ntype = "Strict"\nsize = 3', "callbacks[0].size: Strict failed. {file}, line 6: TypeError: no"),
        (
            '[[callbacks]]\ntype = "Far"',
            "callbacks[0]: Far failed. {file}, line 30: IndexError: tuple index out of range",
        ),
        (
            '[[metrics]]\ntype = "Blind"',
            "metrics[2]: Blind failed. {file}, line 38: AttributeError: 'CrossEntropyLoss' object has no attribute 'nothing'",
        ),
        ('[data]\ntype = "Lost"', "data: Lost failed. {file}, line 46: FileNotFoundError: [Errno 2] no"),
    ],
)
def test_a_plugin_error_is_reported_with_its_line_and_the_other_specs_are_checked(here, hookline, append, reported):
    (here / "faulty.py").write_text(FAULTY)
    without = GOOD if "[data]" not in append else re.sub(r"\[data\]\n(.+\n)+", "", GOOD)
    (here / "spec.toml").write_text(f"{without}\n{append}\n")
    (here / "other.toml").write_text("x = ")
    code, out, err = hookline("check", "spec.toml", "other.toml", "good.toml", "-p", "faulty.py")
    assert (code, err) == (1, "")
    first = out.splitlines()[0]
    assert first.startswith("spec.toml:")
    assert first.partition(" ")[2] == reported.format(file=here / "faulty.py")
    assert out.endswith("2 errors in 2 of 3 specs.\n")


@pytest.mark.parametrize(
    "fault", ['[[callbacks]]\ntype = "Far"', '[[metrics]]\ntype = "Blind"', '[data]\ntype = "Lost"']
)
def test_a_plugin_error_does_not_hide_other_problems(here, hookline, fault):
    (here / "faulty.py").write_text(FAULTY)
    good = GOOD if "[data]" not in fault else re.sub(r"\[data\]\n(.+\n)+", "", GOOD)
    (here / "spec.toml").write_text(good.replace("[run]", "[run]\nepoch = 3", 1) + f"\n{fault}\n")
    code, out, err = hookline("check", "spec.toml", "-p", "faulty.py")
    assert (code, err) == (1, "")
    assert 'run.epoch: There is no key "epoch".' in out
    assert out.endswith("1 error in spec.toml.\n")


def test_an_error_in_the_code_of_an_option_is_reported_beside_other_problems(here, hookline):
    (here / "faulty.py").write_text(FAULTY)
    (here / "spec.toml").write_text(f'{GOOD}\n[[callbacks]]\ntype = "Strict"\nsize = 3\nsise = 4\n')
    code, out, err = hookline("check", "spec.toml", "-p", "faulty.py")
    assert (code, err) == (1, "")
    assert "callbacks[0].size: Strict failed." in out
    assert 'callbacks[0].sise: Strict has no option "sise".' in out


def test_a_path_that_is_too_long_is_reported_beside_other_problems(here, hookline):
    (here / "wrong.toml").write_text(GOOD.replace("[run]", "[run]\nepoch = 3", 1))
    (here / "long.toml").write_text(GOOD.replace("data/iris.csv", "x" * 5000))
    code, out, err = hookline("check", "wrong.toml", "long.toml", "good.toml")
    assert (code, err) == (1, "")
    assert "data.path: The file cannot be read: File name too long." in out
    assert out.endswith("2 errors in 2 of 3 specs.\n")


def test_an_error_with_a_file_name_is_not_attributed_to_the_output(here, hookline, monkeypatch):
    def run(arguments):
        raise PermissionError(13, "Permission denied", "kept")

    monkeypatch.setattr("hookline.cli.specs.check.run", run)
    assert hookline("check", "good.toml") == (2, "", "kept: Permission denied.\n")


def test_an_error_without_a_file_name_is_not_attributed_to_the_output(here, hookline, monkeypatch):
    def run(arguments):
        raise OSError(28, "No space left on device")  # As for writing to a file that is already open.

    monkeypatch.setattr("hookline.cli.specs.check.run", run)
    code, out, err = hookline("check", "good.toml")
    assert (code, out.strip()) == (2, "")
    assert (
        err
        == "No space left on device. The operating system named no file; rerun with `--traceback` to see where it failed.\n"
    )
    with pytest.raises(OSError, match="No space"):
        hookline("check", "good.toml", "--traceback")


@pytest.mark.parametrize("command", [["check", "good.toml"], ["schema"], ["--help"]])
def test_unwritable_output_is_reported(here, command, python):
    with Path("/dev/full").open("w") as full, Path("stderr").open("w") as err:
        process = python.start("-m", "hookline", *command, stdout=full, stderr=err)
    assert (process.wait(), Path("stderr").read_text()) == (
        2,
        "The output cannot be written: No space left on device.\n",
    )


def test_a_missing_plugin_hides_only_problems_that_it_may_solve(here, hookline):
    text = GOOD.replace("lr = ", "lrr = ").replace('"ReLU"', '"Relu"')
    assert '"Relu"' in text
    assert "lrr" in text
    (here / "spec.toml").write_text(f'plugins = ["focal", "fokal"]\n{text}')
    code, out, err = hookline("check", "spec.toml")
    reported = [re.sub(r"^\S+ ", "", line) for line in out.splitlines() if line.startswith("spec.toml:")]
    assert (code, err, len(reported)) == (1, "", 3)
    assert reported[0].startswith('plugins[0]: No plugin named "focal" is installed.')
    assert reported[1].startswith('plugins[1]: No plugin named "fokal" is installed.')
    assert reported[2] == 'optimizer.lrr: Adam has no option "lrr". Did you mean "lr"?'
    note = 'Unknown types are not reported, since this plugin may provide them: "Relu".'
    assert all(line.endswith(note) for line in reported[:2])


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("[run]", '[run]\ndevice = "gpu"', ['run.device: There is no device called "gpu". Did you mean "cuda"?']),
        (
            "[run]",
            "[run]\nmodels = 3",
            ['run.models: There is no key "models". Did you mean "model"? It is a section of its own: [model].'],
        ),
        (
            "[run]",
            "[run]\nmetric = 3",
            ['run.metric: There is no key "metric". Did you mean "metrics"? It is a section of its own: [[metrics]].'],
        ),
        (
            "[run]",
            "[run]\nmax_epochs = 3",
            ['run.max_epochs: There is no key "max_epochs". Hookline calls it "epochs", which is already set.'],
        ),
        ("[run]", "[run]\nrandom_seed = 3", ['run.random_seed: There is no key "random_seed". Did you mean "seed"?']),
        (
            "[run]",
            "num_epochs = 3\n[run]",
            ['num_epochs: There is no key "num_epochs". Hookline calls it "epochs", in [run]: epochs = 3.'],
        ),
        (
            "validation = 0.2",
            "val_split = 0.2",
            ['data.val_split: CSV has no option "val_split". Did you mean "validation"?'],
        ),
        (
            "validation = 0.2",
            "validation_split = 0.2",
            ['data.validation_split: CSV has no option "validation_split". Did you mean "validation"?'],
        ),
        (
            "[optimizer]",
            '[optimizer]\nkind = "SGD"',
            ['optimizer.kind: Adam has no option "kind". Did you mean "type"?'],
        ),
        (
            "[loss]",
            '[loss]\nname = "L1Loss"',
            ['loss.name: CrossEntropyLoss has no option "name". Did you mean "type"?'],
        ),
        (GOOD, 'extend = "iris.toml"', ['extend: There is no key "extend". Did you mean "extends"?']),
        ("[[deploy]]", "[[deployment]]", ['deployment: There is no key "deployment". Did you mean "deploy"?']),
        (
            "[[deploy]]",
            "[deploy]",
            [
                "deploy: This must be an array of deployment targets (tables with a `type`), but it is a table. "
                "Write each with double brackets: [[deploy]]."
            ],
        ),
        (
            "[loss]",
            "[[loss]]",
            [
                "loss: This must be a table with a `type`, but it is an array of one element. "
                "Write a single table, without brackets around it, or with single brackets in its header: [loss]."
            ],
        ),
        (
            "[loss]",
            "[optimizer.groups]\nlr = 0.1\n[loss]",
            [
                "optimizer.groups: This must be an array of tables, but it is a table. "
                "Write each with double brackets: [[optimizer.groups]]."
            ],
        ),
    ],
)
def test_the_probable_intention_is_suggested(here, hookline, old, new, reported):
    (here / "spec.toml").write_text(GOOD.replace(old, new, 1))
    _, out, _ = hookline("check", "spec.toml")
    lines = [re.sub(r"^\S+ ", "", line) for line in out.splitlines() if line.startswith("spec.toml:")]
    assert lines == reported


def test_suggested_models_consist_of_layers(here, hookline):
    (here / "spec.toml").write_text(GOOD.replace('"Sequential"', '"Wombat"'))
    _, out, _ = hookline("check", "spec.toml")
    reported = re.search('called "Wombat". There are [0-9]+, such as (.*): `hookline list` shows them.', out).group(1)
    assert reported.startswith('"Branches", "Heads", "MLP", "Parallel", "Repeat", "ResNet", "Residual"')


def test_a_missing_option_is_not_a_second_place(here):
    (here / "spec.toml").write_text(f"#:schema schema.json\n{GOOD}")
    document = read(here / "spec.toml")
    problem = Diagnostic("mismatch", "This is wrong.", ("run", "epochs"), related=(("initialize",), ("loss", "type")))
    assert [place.text for place in document.locate(problem).related_places] == ['"CrossEntropyLoss"']


MONITOR = '[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "validation/Acuracy"\n'


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        (
            [("lr = 0.01", "lrr = 0.01"), ("[[deploy]]", f"{MONITOR}\n[[deploy]]")],
            ["optimizer.lrr", "callbacks[0].monitor"],
        ),
        (
            [('"Accuracy"', '"R2Score"'), ('average = "macro"', 'averag = "macro"')],
            ["metrics[1].averag"],
        ),
        (
            [("validation = 0.2\ntest = 0.2\n", ""), ("batch_size = 16", "batch_size = 0")],
            ["data.batch_size"],
        ),
        (
            [("validation = 0.2\ntest = 0.2\n", ""), ("batch_size = 16", 'dtype = "int64"')],
            ["data.standardize", "data.stratify"],
        ),
        # A missing or invalid value does not conflict with others.
        ([("validation = 0.2\ntest = 0.2\n", "validation = true\ntest = 7\n")], ["data.validation", "data.test"]),
        ([("validation = 0.2\ntest = 0.2\n", "validaton = 0.2\n")], ["data.validaton"]),
        ([('"Accuracy"', '"Acuracy"'), ("[[deploy]]", f"{MONITOR}\n[[deploy]]")], ["metrics[0].type"]),
        # One mistake causes one error.
        (
            [
                (
                    "[[deploy]]",
                    "[[callbacks]]\ntype = 'EarlyStopping'\n[[callbacks]]\ntype = 'EarlyStopping'\n[[deploy]]",
                )
            ],
            ["callbacks[1]"],
        ),
    ],
)
def test_an_error_does_not_hide_conflicts(here, hookline, changes, paths):
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (here / "spec.toml").write_text(text)
    code, reported, _ = hookline("check", "spec.toml", "--format", "json")
    assert (code, [problem["path"] for problem in json.loads(reported)]) == (1, paths)


def test_the_command_line_can_add_a_first_callback(here, hookline):
    change = "callbacks.EarlyStopping.type=EarlyStopping"
    assert hookline("check", "good.toml", "--set", change) == (0, "good.toml: no problems found.\n", "")
    code, out, _ = hookline("check", "good.toml", "--set", "callbacks.type=EarlyStopping")
    assert (code, out.splitlines()[0]) == (
        1,
        '--set callbacks.type=EarlyStopping: "type" names no element. '
        "To add an element, give it a name: callbacks.mine.type=…",
    )


@pytest.mark.parametrize("change", ["x" * 5000, f"optimizer.lr={'x' * 5000}", f"model.layers.{'x' * 5000}.y=1"])
def test_a_long_change_is_shortened_in_messages(here, hookline, change):
    code, out, err = hookline("check", "good.toml", "--set", change)
    assert (code, err) == (1, "")
    assert len(out) < 500
    assert len(hookline("explain", "good.toml", change.replace("=", "."))[2]) < 500


@pytest.mark.parametrize("name", ["iris", "transformer", "losses/NLLLoss", "losses/BCELoss", "optimizers/LBFGS"])
def test_a_spec_whose_loss_depends_on_values_passes_a_deep_check(name, capsys):
    spec = Path(__file__).parents[4] / "specs" / f"{name}.toml"
    assert main(["check", "--deep", str(spec)]) == 0
    assert "no problems found." in "".join(capsys.readouterr())
