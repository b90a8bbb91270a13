"""Mistakes in a search space are found where the space has them, and nothing else is reported."""

from pathlib import Path

import pytest
from small_training import SPECS

import hookline
from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.errors.source import Source
from hookline.spec.training import SEVERAL

SPEC = f"""
[run]
epochs = 2
[data]
type = "CSV"
path = "{SPECS}/data/breast_cancer.csv"
targets = "diagnosis"
validation = 0.2
[model]
type = "Sequential"
layers = [{{ type = "Linear", out_features = 16 }}, {{ type = "Dropout", p = 0.2 }}, {{ type = "Linear" }}]
[loss]
type = "BCEWithLogitsLoss"
[optimizer]
type = "AdamW"
[[metrics]]
type = "Accuracy"
[tune]
type = "RandomSearch"
trials = 6
monitor = "validation/loss"
[tune.space]
"optimizer" = [
    {{ type = "SGD", lr = {{ low = 1e-3, high = 1.0, log = true }}, momentum = {{ low = 0.0, high = 0.99 }} }},
    {{ type = "AdamW", lr = {{ low = 1e-5, high = 1e-2, log = true }} }},
]
model.layers.0.out_features = {{ low = 8, high = 256, log = true }}
"data.batch_size" = {{ choices = [16, 32, 64] }}
"model.layers.Dropout.p" = {{ low = 0.0, high = 0.5, step = 0.1 }}
"""


def problems(text):
    return Loader().check(documents.from_source(Source("t.toml", text, Path("/")), lists=SEVERAL))


def marked(problem):
    return problem.place.source.text[problem.place.start : problem.place.end]


def test_a_good_space_has_no_problems():
    assert problems(SPEC) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("low = 8, high = 256", "low = 0, high = 256", [("out-of-bounds", "0")]),
        ("low = 8, high = 256, log = true", "low = 0, high = 256", [("out-of-bounds", "0")]),
        ("low = 8, high = 256", "low = 300, high = 256", [("out-of-bounds", "256")]),
        ("low = 8, high = 256", "low = 8.5, high = 256", [("wrong-type", "8.5")]),
        ("low = 8, high = 256", "low = 8, hihg = 256", [("unknown-key", "hihg")]),
        ('"data.batch_size"', '"data.batch_sise"', [("unknown-key", '"data.batch_sise"')]),
        ('"data.batch_size"', '"dat.batch_size"', [("unknown-key", '"dat.batch_size"')]),
        ("[16, 32, 64]", "[16, 32, 16]", [("duplicate-component", "16")]),
        ("[16, 32, 64]", '[16, "x", 64]', [("wrong-type", '"x"')]),
        ("[16, 32, 64]", "[]", [("invalid-value", "[]")]),
        ("{ choices = [16, 32, 64] }", "16", [("wrong-type", "16")]),
        ("low = 1e-5, high", "low = -1.0, high", [("out-of-bounds", "-1.0")]),
        ("high = 0.99", "high = -0.5", [("out-of-bounds", "-0.5")]),
        ("momentum", "mometum", [("unknown-key", "mometum")]),
        ('"AdamW", lr = {', '"AdamX", lr = {', [("unknown-type", '"AdamX"')]),
        ("momentum = { low = 0.0, high = 0.99 }", "momentum = [0.0, 0.9]", [("wrong-type", "[0.0, 0.9]")]),
        ("step = 0.1", "step = 0.3", [("conflicting-options", "0.3")]),
        ("high = 0.5, step", "high = 1.5, step", [("out-of-bounds", "1.5")]),
        ("Dropout.p", "Droput.p", [("invalid-change", '"model.layers.Droput.p"')]),
        (
            '"data.batch_size" =',
            '"optimizer.lr" = [0.1]\n"data.batch_size" =',
            [("conflicting-options", '"optimizer.lr"')],
        ),
        (
            '"data.batch_size"',
            '"model.layers.1.p" = [0.1, 0.2]\n"data.batch_size"',
            [("conflicting-options", '"model.layers.Dropout.p"')],
        ),
        ("trials = 6", "", [("missing-option", "[tune]")]),
        ('"validation/loss"', '"validation/los"', [("unlogged-number", '"validation/los"')]),
        ('"validation/loss"', '["parameters", "seconds", "loss"]', [("unlogged-number", '"loss"')]),
    ],
)
def test_a_mistake_is_found_at_its_place(old, new, found):
    assert old in SPEC
    text = SPEC.replace(old, new, 1)
    assert [(problem.id, marked(problem)) for problem in problems(text)] == found


def test_a_range_of_integers_for_an_option_that_takes_any_number_is_reported():
    text = SPEC.replace("low = 0.0, high = 0.5, step = 0.1", "low = 0, high = 1")
    [problem] = problems(text)
    assert problem.message == (
        'Only the integers from 0 to 1 would be tried for "model.layers.Dropout.p", which takes any number.'
    )
    assert problems(text.replace("high = 1 }", "high = 1, step = 1 }")) == []


def test_a_grid_needs_countable_values():
    text = SPEC.replace("RandomSearch", "GridSearch")
    assert ["optimizer.SGD.lr" in problem.message for problem in problems(text)] == [True, False, False]
    finite = (
        text.replace("log = true", "step = 0.5")
        .replace("low = 1e-3", "low = 0.5")
        .replace("0.99 }", "0.9, step = 0.1 }")
    )
    finite = finite.replace("low = 1e-5, high = 1e-2", "low = 0.5, high = 1.0")
    assert problems(finite.replace("8, high = 256, step = 0.5", "8, high = 16")) == []


def test_combinations_that_conflict_are_reported_with_their_values():
    space = """[tune.space]
"callbacks" = [[], [{ type = "GradientClipping", max_norm = 1.0 }]]
"optimizer" = [{ type = "SGD" }, { type = "LBFGS" }]
"data.batch_size" = [16]
"""
    [problem] = problems(SPEC[: SPEC.index("[tune.space]")] + space)
    assert marked(problem) == '{ type = "GradientClipping", max_norm = 1.0 }'
    assert problem.help.endswith("This is so in trials with callbacks = 1, optimizer = LBFGS, data.batch_size = 16.")


def test_a_dumped_spec_has_the_same_space(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text(SPEC)
    spec = hookline.load(path)
    (tmp_path / "again.toml").write_text(hookline.dumps(spec, tmp_path))
    again = hookline.load(tmp_path / "again.toml")
    assert again.tune == spec.tune
    assert list(again.tune.space) == list(spec.tune.space)


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ("{ min = 16, max = 64 }", [("min", 'Did you mean "low"?'), ("max", 'Did you mean "high"?')]),
        ("{ min = 16, high = 64 }", [("min", 'Did you mean "low"?')]),
        ("{ values = [16, 32] }", [("values", 'Did you mean "choices"?')]),
    ],
)
def test_the_keys_of_other_tuners_are_translated(new, found):
    text = SPEC.replace("{ choices = [16, 32, 64] }", new)
    assert [(marked(problem), problem.help) for problem in problems(text)] == found


def test_what_is_the_same_for_all_trials_cannot_be_searched():
    text = SPEC.replace('"data.batch_size"', '"tune.trials" = [1, 2]\n"data.batch_size"')
    [problem] = problems(text)
    assert (problem.id, marked(problem)) == ("conflicting-options", '"tune.trials"')


def test_a_component_that_is_only_named_is_shown_as_a_table():
    text = SPEC.replace('monitor = "validation/loss"', 'monitor = "validation/loss"\npruner = "MedianPruner"')
    [problem] = problems(text.replace("RandomSearch", "Optuna"))
    assert problem.help == 'Write { type = "MedianPruner" }.'
