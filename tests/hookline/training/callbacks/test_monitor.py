"""Names of monitored numbers: which are rejected, with which suggestion, and where."""

import json
import tomllib
from pathlib import Path

import pytest

import hookline
from hookline.cli.main import main

DATA = Path(__file__).parents[4] / "specs" / "data"
SPEC = f"""\
[data]
type = "CSV"
path = "{DATA}/iris.csv"
targets = "species"
validation = 0.2
[model]
type = "Linear"
out_features = 3
[loss]
type = "CrossEntropyLoss"
[optimizer]
type = "SGD"
[[metrics]]
type = "Accuracy"
[[metrics]]
type = "F1Score"
name = "F1"
"""
ALL = 'Logged: "training/loss", "validation/loss", "validation/Accuracy" and "validation/F1".'


@pytest.fixture
def problems(tmp_path, capsys):
    """The problems of a spec with these callbacks: line, path and message of each, with its help."""

    def reported(callbacks, *words, text=SPEC):
        (tmp_path / "spec.toml").write_text(text + callbacks)
        main(["check", *words, "--format", "json", str(tmp_path / "spec.toml")])
        found = json.loads(capsys.readouterr().out)
        return [(one["line"], one["path"], f"{one['message']} {one['help']}".rstrip()) for one in found]

    return reported


@pytest.mark.parametrize(
    ("monitor", "meant"),
    [
        ("vall_loss", "validation/loss"),
        ("val_loss", "validation/loss"),
        ("train_loss", "training/loss"),
        ("acc", "validation/Accuracy"),
        ("Accuracy", "validation/Accuracy"),
        ("val_acc", "validation/Accuracy"),
        ("validation/acc", "validation/Accuracy"),
        ("validaton/accuracy", "validation/Accuracy"),
        ("validation/f1", "validation/F1"),
        ("training/f1", "validation/F1"),
        ("training/Acc", "validation/Accuracy"),
        ("validation/xyzzy", None),
        ("loss", "validation/loss"),
        ("valid/loss", "validation/loss"),
        ("test/loss", None),
        ("x", None),
    ],
)
def test_a_misspelled_number_is_reported_with_a_suggestion_and_all_numbers(problems, monitor, meant):
    question = "" if meant is None else f' Did you mean "{meant}"?'
    (problem,) = problems(f'[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "{monitor}"\n')
    assert problem == (20, "callbacks[0].monitor", f'"{monitor}" is not logged.{question} {ALL}')


@pytest.mark.parametrize("monitor", ["validation/F1", "validation/f1", "training/F1", "val_F1", "valid/f1", "F1"])
def test_the_split_does_not_affect_which_label_is_suggested(problems, monitor):
    text = SPEC.replace('name = "F1"', "") + '[[metrics]]\ntype = "AUROC"\n'
    [(_, _, message)] = problems(f'[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "{monitor}"\n', text=text)
    assert message.startswith(f'"{monitor}" is not logged. Did you mean "validation/F1Score"? Logged: ')


@pytest.mark.parametrize(
    ("others", "monitor"),
    [
        ('[[callbacks]]\ntype = "GradientNorm"\n', "gradient_norm"),
        ('[[callbacks]]\ntype = "StepLR"\nstep_size = 2\n', "lr"),
        ('[[callbacks]]\ntype = "ReduceLROnPlateau"\n', "lr[1]"),
        ("", "validation/F1"),
    ],
)
def test_numbers_of_later_callbacks_can_be_monitored(problems, others, monitor):
    assert problems(f'[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "{monitor}"\n{others}') == []


def test_numbers_of_earlier_callbacks_are_not_visible(problems):
    callbacks = '[[callbacks]]\ntype = "GradientNorm"\n[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "gradient_norm"'
    message = "Only callbacks listed before GradientNorm see what it logs: list it after EarlyStopping."
    assert problems(callbacks) == [(22, "callbacks[1].monitor", message)]


def test_numbers_that_a_later_callback_also_logs_can_be_monitored(problems):
    first, last = (
        '[[callbacks]]\ntype = "StepLR"\nstep_size = 2\n',
        '[[callbacks]]\ntype = "ExponentialLR"\ngamma = 0.9\n',
    )
    stopping = '[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "lr"\n'
    assert problems(first + stopping + last) == []
    assert [path for _, path, _ in problems(first + stopping)] == ["callbacks[1].monitor"]


def test_a_similar_number_of_a_callback_is_suggested(problems):
    callbacks = '[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "gradient_nrom"\n[[callbacks]]\ntype = "GradientNorm"'
    [(_, _, message)] = problems(callbacks)
    assert message.startswith('"gradient_nrom" is not logged. Did you mean "gradient_norm"? Logged: ')
    assert message.endswith('"validation/F1", "gradient_norm" and "max_gradient_norm".')


@pytest.mark.parametrize("callback", ["EarlyStopping", "ReduceLROnPlateau"])
@pytest.mark.parametrize("monitor", ["", 'monitor = "val_loss"\n'])
def test_a_missing_validation_split_is_the_reason_also_for_a_default(problems, callback, monitor):
    text = SPEC.replace("validation = 0.2\n", "")
    name = "val_loss" if monitor else "validation/loss"
    message = f'"{name}" is not logged. The data has no validation split. Logged: '
    callbacks = f'[[callbacks]]\ntype = "{callback}"\n{monitor}'
    # If the option is not in the spec, the place is the callback.
    [(line, path, reported)] = [problem for problem in problems(callbacks, text=text) if "logged" in problem[2]]
    assert (line, path, reported[: len(message)]) == (19 if monitor else 17, "callbacks[0].monitor", message)


@pytest.mark.parametrize("section", ["[run]", "[optimizer]", "[[metrics]]", ""])
def test_a_misplaced_validation_option_is_reported_once(problems, section):
    text = SPEC.replace("validation = 0.2\n", "")
    text = (
        f"{section}\nvalidation = 0.2\n{text}"
        if section in ("", "[run]")
        else text.replace(section, f"{section}\nvalidation = 0.2", 1)
    )
    reported = problems('[[callbacks]]\ntype = "EarlyStopping"\n', text=text)
    assert [path.rpartition(".")[2] for _, path, _ in reported] == ["validation"]


def test_a_deep_check_reports_what_depends_on_the_data_at_the_same_place(problems, tmp_path):
    lines = (DATA / "iris.csv").read_text().splitlines()
    (tmp_path / "iris.csv").write_text("\n".join([f"{lines[0]},split", *(f"{line},training" for line in lines[1:])]))
    text = SPEC.replace(f"{DATA}/iris.csv", "iris.csv").replace("validation = 0.2", 'split_column = "split"')
    text = text[: text.index("[[metrics]]")]
    callbacks = '[[callbacks]]\ntype = "EarlyStopping"\n'
    assert problems(callbacks, text=text) == []
    message = (
        'EarlyStopping monitors "validation/loss", which is not logged. The data has no validation split. '
        'Logged: "training/loss".'
    )
    assert problems(callbacks, "--deep", text=text) == [(13, "callbacks[0].monitor", message)]


def test_a_misspelled_number_is_reported_once_the_data_section_is_valid(problems):
    text = SPEC.replace("validation = 0.2", "validation = 2.0")
    reported = problems('[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "vall_loss"\n', text=text)
    assert [path for _, path, _ in reported] == ["data.validation"]
    reported = problems('[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "vall_loss"\n', text=SPEC)
    assert [path for _, path, _ in reported] == ["callbacks[0].monitor"]


@hookline.spec.spec
class Unknown(hookline.spec.CallbackSpec):
    """A third-party callback that does not declare what it logs."""


@hookline.spec.spec
class OfAStep(hookline.training.SchedulerSpec):
    """A third-party scheduler."""


@hookline.spec.spec
class OfItsOwn(hookline.training.SchedulerSpec):
    """A scheduler with its own callback."""

    def build(self):
        return object()


class Adding:
    """A plugin with these components."""

    @hookline.hookimpl
    def register_specs(self):
        return [Unknown, OfAStep, OfItsOwn]


@pytest.mark.parametrize("monitor", ["vall_loss", "validation/los"])
@pytest.mark.parametrize(("other", "is_refused"), [("Unknown", False), ("OfItsOwn", False), ("OfAStep", True)])
def test_every_name_is_accepted_with_a_callback_that_does_not_declare_what_it_logs(monitor, other, is_refused):
    table = tomllib.loads(SPEC)
    table["callbacks"] = [{"type": "EarlyStopping", "monitor": monitor}, {"type": other}]
    if is_refused:
        with pytest.raises(hookline.errors.SpecError, match=r"callbacks\[0\]\.monitor: .* is not logged"):
            hookline.load(table, plugins=[Adding()])
    else:
        assert hookline.load(table, plugins=[Adding()]).callbacks[1] == (
            Unknown() if other == "Unknown" else OfItsOwn()
        )


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        ('type = "LossPlot"\nnumbers = ["training/loss", "gradient_norm"]', "LossPlot."),
        ('type = "EarlyStopping"\nmonitor = "gradient_norm"', "EarlyStopping."),
    ],
)
def test_a_number_of_an_earlier_callback_is_reported_with_the_order(problems, callback, message):
    [(_, path, reported)] = problems(f'[[callbacks]]\ntype = "GradientNorm"\n[[callbacks]]\n{callback}')
    assert reported == f"Only callbacks listed before GradientNorm see what it logs: list it after {message}"
    assert path.startswith("callbacks[1].")


def test_a_callback_that_saves_the_log_causes_a_warning_about_invisible_numbers(tmp_path):
    table = tomllib.loads(SPEC) | {"run": {"epochs": 2}}
    norm, scheduler, log = {"type": "GradientNorm"}, {"type": "StepLR", "step_size": 1}, {"type": "CSVLog"}
    spec = hookline.load({**table, "callbacks": [norm, scheduler, log]})
    with pytest.warns(hookline.HooklineWarning) as caught:
        hookline.train(spec, out=tmp_path / "last")
    assert [str(warning.message) for warning in caught] == [
        'callbacks[2]: CSVLog cannot see "gradient_norm", "max_gradient_norm" and "lr" of GradientNorm '
        "and StepLR: list it before."
    ]
    hookline.train(hookline.load({**table, "callbacks": [log, norm, scheduler]}), out=tmp_path / "first")
    assert (tmp_path / "first/metrics.csv").read_text().startswith("epoch,step,training/loss,")
    assert "gradient_norm" in (tmp_path / "first/metrics.csv").read_text()
    assert "gradient_norm" not in (tmp_path / "last/metrics.csv").read_text()


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ('[[callbacks]]\ntype = "EarlyStopping"\npatience = 0\nmonitor = "val_loss"\n', "callbacks[0].patience"),
        ('[[callbacks]]\ntype = "EarlyStoping"\nmonitor = "val_loss"\n', "callbacks[0].type"),
        ('[[metrics]]\ntype = "AUROC"\nname = 3\n[[callbacks]]\ntype = "GradientNorm"\n', "metrics[2].name"),
        ('[[metrics]]\ntype = "Accuracy"\nname = "top"\ntop_k = 0\n', "metrics[2].top_k"),
    ],
)
def test_a_misspelled_number_is_reported_once_all_callbacks_and_metrics_are_valid(problems, wrong, path):
    misspelled = '[[callbacks]]\ntype = "ReduceLROnPlateau"\nmonitor = "validation/accuracy"\n'
    assert [where for _, where, _ in problems(f"{wrong}{misspelled}")] == [path]
    [(_, where, message)] = problems(misspelled)
    wanted = '"validation/accuracy" is not logged. Did you mean "validation/Accuracy"?'
    assert (where, message.partition(" Logged")[0]) == ("callbacks[0].monitor", wanted)


@pytest.mark.parametrize("wrong", ['"x"', "2.0"])
def test_a_misspelled_number_is_reported_once_the_loss_is_valid(problems, wrong):
    text = SPEC.replace('"CrossEntropyLoss"', f'"CrossEntropyLoss"\nlabel_smoothing = {wrong}')
    reported = problems('[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "vall_loss"\n', text=text)
    assert [path for _, path, _ in reported] == ["loss.label_smoothing"]


def test_the_numbers_of_a_callback_are_known_even_if_one_of_its_options_is_wrong(problems):
    callbacks = '[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "lr"\n[[callbacks]]\ntype = "StepLR"\nstep_size = 0\n'
    assert [path for _, path, _ in problems(callbacks)] == ["callbacks[1].step_size"]


def test_every_name_is_accepted_with_a_callback_of_unknown_type(problems):
    callbacks = '[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "vall_loss"\n[[callbacks]]\ntype = "Xyzzy"\n'
    assert [path for _, path, _ in problems(callbacks)] == ["callbacks[1].type"]


@pytest.mark.parametrize("monitor", ["*", "validation/*", "*/loss"])
@pytest.mark.parametrize("callback", ["EarlyStopping", "ReduceLROnPlateau"])
def test_a_pattern_cannot_be_monitored(problems, callback, monitor):
    (problem,) = problems(f'[[callbacks]]\ntype = "{callback}"\nmonitor = "{monitor}"\n')
    logged = ALL if callback == "EarlyStopping" else ALL.replace(' and "validation/F1"', ', "validation/F1" and "lr"')
    message = f'"{monitor}" is not logged. It must be the name of one number, not a pattern. {logged}'
    assert problem == (20, "callbacks[0].monitor", message)
