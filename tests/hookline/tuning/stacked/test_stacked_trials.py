import signal

import pytest
import torch
from exhaustive import sampled
from safetensors.torch import load_file
from stacks import FLOAT64, both
from tuning import tuned

import hookline
from hookline.errors import HooklineWarning, MismatchError, SpecError
from hookline.runs.study import write_record
from hookline.spec import TrialRecord
from hookline.training.preflight import preflight

LR = {"optimizer.lr": {"low": 0.001, "high": 0.1, "log": True}}
LINEAR = [{"type": "Linear", "out_features": 8}]
LAST = {"type": "Linear", "out_features": 3}
CHANNELS = {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 2, 2]}
MODELS = {
    "perceptron": [*LINEAR, {"type": "ReLU"}, {"type": "Linear", "out_features": 5, "bias": False}, {"type": "Tanh"}],
    "dropout": [*LINEAR, {"type": "Dropout", "p": 0.3}, {"type": "GELU"}, {"type": "Dropout", "p": 0.1}],
    "normalized": [*LINEAR, {"type": "BatchNorm1d"}, {"type": "ReLU"}, {"type": "LayerNorm"}, {"type": "PReLU"}],
    "convolution": [
        CHANNELS,
        {"type": "Conv2d", "out_channels": 4, "kernel_size": 2, "padding": 1},
        {"type": "BatchNorm2d"},
        {"type": "ReLU"},
        {"type": "Conv2d", "out_channels": 4, "kernel_size": 2, "groups": 2},
        {"type": "MaxPool2d", "kernel_size": 2},
        {"type": "Flatten"},
    ],
    "residual": [{"type": "Residual", "layers": [{"type": "Linear", "out_features": 4}, {"type": "Dropout"}]}],
}
OPTIMIZERS = {
    "SGD": {"lr": 0.05, "momentum": {"choices": [0.0, 0.9]}, "weight_decay": {"choices": [0.0, 0.01]}},
    "Nesterov": {"type": "SGD", "lr": 0.05, "nesterov": True, "momentum": {"low": 0.5, "high": 0.9}},
    "Adam": {"lr": {"low": 0.001, "high": 0.1}, "eps": {"choices": [1e-8, 1e-3]}, "weight_decay": 0.01},
    "AMSGrad": {"type": "AdamW", "amsgrad": True, "lr": {"low": 0.001, "high": 0.1}, "betas": [0.8, 0.99]},
    "RMSprop": {"lr": {"low": 0.001, "high": 0.1}, "centered": True, "momentum": {"choices": [0.0, 0.5]}},
    "Adagrad": {"lr": {"low": 0.01, "high": 0.1}, "lr_decay": 0.1},
    "NAdam": {"lr": {"low": 0.001, "high": 0.1}},  # Each trial makes its steps with its own optimizer.
}
CALLBACKS = {
    "nothing": [],
    "schedulers": [{"type": "StepLR", "step_size": 1, "gamma": 0.5}, {"type": "EarlyStopping", "patience": 2}],
    "steps": [{"type": "OneCycleLR", "max_lr": 0.1}, {"type": "GradientClipping", "max_norm": 0.1}],
    "averages": [{"type": "ExponentialMovingAverage", "decay": 0.9}],
    "swa": [{"type": "StochasticWeightAveraging", "start": 2}],
}
CASES = [
    (model, optimizer, callbacks)
    for model in MODELS
    for optimizer in OPTIMIZERS
    for callbacks in CALLBACKS
    if (optimizer, callbacks) != ("Adagrad", "steps")  # `OneCycleLR` changes a momentum, which Adagrad does not have.
]
# The gradient of a bias before a batch normalization is 0 up to rounding, and optimizers such as Adagrad divide it by its
# size and by 1e-10.
TOLERANCES = {"normalized": 1e-6, "convolution": 1e-6}
SAMPLE = [
    ("perceptron", "SGD", "nothing"),
    ("perceptron", "AMSGrad", "steps"),
    ("dropout", "Adam", "schedulers"),
    ("normalized", "RMSprop", "averages"),
    ("convolution", "Nesterov", "swa"),
    ("residual", "NAdam", "schedulers"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("model", "optimizer", "callbacks"), sampled(CASES, SAMPLE, name=tuple))
def test_trials_in_a_stack_equal_the_trials_alone(model, optimizer, callbacks, tmp_path):
    options = OPTIMIZERS[optimizer]
    space = {"optimizer": [{"type": optimizer, **options}], "run.seed": [0, 1]}
    sections = {
        "model": {"type": "Sequential", "layers": [*MODELS[model], LAST]},
        "callbacks": CALLBACKS[callbacks],
    }
    alone, together = both(tmp_path, space, sections=sections)
    assert max(one.together for one in together.records) > 1
    for one, other in zip(alone.records, together.records, strict=True):
        assert other.curve == pytest.approx(one.curve, rel=TOLERANCES.get(model, 1e-9))
        assert other.results == pytest.approx(one.results, rel=TOLERANCES.get(model, 1e-9))


def test_weights_after_an_epoch_differ_by_rounding_only(tmp_path):
    sections = {"run": {"epochs": 1, "name": "stacked", "evaluate_training": False}}
    sections["model"] = {"type": "Sequential", "layers": [*MODELS["perceptron"], LAST]}
    alone, together = both(tmp_path, LR, sections=sections, keep="all")
    for number in range(1, 5):
        found, wanted = (load_file(one.root / f"trial-{number}/model.safetensors") for one in (together, alone))
        for name, weights in wanted.items():
            torch.testing.assert_close(found[name], weights, rtol=0, atol=1e-6)
    assert [one.together for one in together.records] == [4] * 4


def test_a_stack_ends_after_the_largest_number_of_steps(tmp_path):
    sections = {"run": {**FLOAT64["run"], "max_steps": 5}}  # In the third epoch of two batches.
    alone, together = both(tmp_path, {**LR, "run.seed": [0, 1]}, sections=sections)
    assert [one.together for one in together.records] == [4] * 4
    for one, other in zip(alone.records, together.records, strict=True):
        assert (other.epochs, sorted(other.curve)) == (one.epochs, [1, 2, 3])
        assert other.curve == pytest.approx(one.curve, rel=1e-9)


def test_a_stack_computes_parts_of_batches_at_once(tmp_path):
    loss = {"type": "CrossEntropyLoss", "weight": "balanced"}
    sections = {"run": {**FLOAT64["run"], "accumulate": 3}, "loss": loss}
    alone, together = both(tmp_path, {**LR, "run.seed": [0, 1]}, sections=sections)
    assert [one.together for one in together.records] == [4] * 4
    for one, other in zip(alone.records, together.records, strict=True):
        assert other.curve == pytest.approx(one.curve, rel=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layer", ["BatchNorm1d", "Dropout"])
def test_layers_that_depend_on_the_parts_of_a_batch_are_refused(layer, tmp_path):
    sections = {"run": {**FLOAT64["run"], "accumulate": 3}}
    sections["model"] = {"type": "Sequential", "layers": [{"type": layer}, LAST]}
    message = f"With `accumulate`, {layer} computes each part of a batch for itself."
    with pytest.raises(MismatchError, match=message):
        hookline.tune(tuned(LR, vectorize=4, sections=sections), out=tmp_path / "study")


def test_the_best_trial_is_trained_again_alone(tmp_path):
    study = hookline.tune(tuned(LR, trials=4, vectorize=4, type="Optuna"), out=tmp_path / "study")
    [best] = study.best
    assert [one.is_rounded for one in study.records] == [one is not best for one in study.records]
    text = (study.root / "best.toml").read_text()
    assert text.startswith(f"# Trial {best.number} was trained in a stack of 4 trainings, and again alone: ")
    trial = hookline.train(hookline.load(study.root / "best.toml"), out=tmp_path / "again")
    assert trial.metrics["validation/loss"] == best.results[0]
    assert best.rounded == pytest.approx(best.results, rel=1e-5)
    assert hookline.open_run(study.root).metrics["validation/loss"] == best.results[0]
    # A search knows the numbers of the stack, so that it does not depend on when the study was complete.
    assert [one.results for one in study.choices.known_to(5) if one.number == best.number] == [best.rounded]


def test_a_trial_that_fails_does_not_change_the_others(tmp_path):
    space = {"optimizer.lr": [0.01, 1e38, 0.02, 0.03]}
    sections = {"optimizer": {"type": "SGD"}, "run": {**FLOAT64["run"], "dtype": "float32"}}
    alone, together = both(tmp_path, space, sections=sections, type="GridSearch")
    assert [one.state for one in together.records] == ["finished", "failed", "finished", "finished"]
    assert together.records[1].reason == alone.records[1].reason
    for one, other in zip(alone.records, together.records, strict=True):
        assert other.curve == pytest.approx(one.curve, rel=1e-5)


def test_a_guard_ends_a_trial_in_its_step(tmp_path):
    space = {"optimizer.lr": [0.01, 1e38, 0.02, 0.03]}
    run = {**FLOAT64["run"], "dtype": "float32"}
    sections = {"optimizer": {"type": "SGD"}, "callbacks": [{"type": "NaNGuard"}], "run": run}
    alone, together = both(tmp_path, space, sections=sections, type="GridSearch")
    assert [one.together for one in together.records] == [4] * 4
    assert together.records[1].reason == alone.records[1].reason
    assert "In epoch 1, step 2, the loss is" in together.records[1].reason
    for one, other in zip(alone.records, together.records, strict=True):
        assert other.curve == pytest.approx(one.curve, rel=1e-5)


def test_trials_leave_a_stack_when_they_are_pruned(tmp_path):
    space = {"optimizer.lr": [0.001, 0.1, 0.0001, 0.05, 0.00001, 0.01, 0.02, 0.0002]}
    pruner = {"type": "ThresholdPruner", "upper": 1.0, "n_warmup_steps": 1}
    sampler = {"type": "TPESampler", "n_startup_trials": 20}
    sections = {"run": {**FLOAT64["run"], "epochs": 6}}
    alone, together = both(tmp_path, space, sections=sections, trials=8, type="Optuna", pruner=pruner, sampler=sampler)
    assert {"pruned", "finished"} == {one.state for one in together.records}
    for one, other in zip(alone.records, together.records, strict=True):
        assert (other.epochs, sorted(other.curve)) == (one.epochs, sorted(one.curve))
        assert other.curve == pytest.approx(one.curve, rel=1e-9)


def test_trials_that_compute_something_else_form_other_stacks(tmp_path):
    space = {"model": [{"type": "Linear"}, {"type": "MLP", "d_block": 4}], "data.batch_size": [32, 64]}
    spec = tuned(space, type="GridSearch", trials=4, vectorize=4, baseline=False)
    study = hookline.tune(spec, out=tmp_path / "study")
    assert [one.together for one in study.records] == [1, 1, 1, 1]
    more = {**space, "optimizer.lr": [0.01, 0.1]}
    study = hookline.tune(tuned(more, type="GridSearch", trials=8, vectorize=8), out=tmp_path / "more")
    assert [one.together for one in study.records] == [2] * 8


def test_an_interrupted_stack_is_trained_again_with_the_same_values(tmp_path):
    spec = tuned(LR, trials=8, vectorize=4, synchronous=4)
    whole = hookline.tune(spec, out=tmp_path / "whole")

    def interrupt(record):
        if record.number == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        hookline.tune(spec, out=tmp_path / "study", on_end=interrupt)
    study = hookline.tune(resume=tmp_path / "study")
    assert [(one.number, one.values, one.results) for one in study.records] == [
        (one.number, one.values, one.results) for one in whole.records
    ]


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"model": {"type": "Sequential", "layers": [{"type": "RReLU"}, LAST]}}, "RReLU cannot be trained together"),
        ({"optimizer": {"type": "LBFGS", "lr": 0.1}}, "LBFGS cannot be trained together"),
        ({"callbacks": [{"type": "Mixup"}]}, "Mixup cannot be trained together .*: it changes the rows of each batch"),
        (
            {"callbacks": [{"type": "NaNGuard", "action": "skip"}]},
            'NaNGuard cannot be trained together .*: its action "skip" leaves out steps',
        ),
        ({"run": {"max_time": "1m"}}, "A run with the option `max_time` cannot be trained together"),
    ],
)
def test_what_cannot_be_stacked_is_refused_when_the_spec_is_checked(sections, message):
    with pytest.raises(SpecError, match=message):
        tuned(LR, trials=4, vectorize=4, sections=sections)
    tuned(LR, trials=4, sections=sections)


def test_conflicting_options_are_refused():
    for options, message in (
        ({"synchronous": 2}, "Only 2 trials are chosen together"),
        ({"monitor": "seconds"}, 'do not have "seconds" of their own'),
    ):
        with pytest.raises(SpecError, match=message):
            tuned(LR, trials=4, vectorize=4, **options)


class Sorted(torch.nn.Linear):
    """A layer that looks at the values of its inputs."""

    def forward(self, inputs):
        return super().forward(inputs) if bool((inputs > -99).all()) else inputs


class Odd:
    """A plugin whose model cannot be computed for several models at once."""

    @hookline.hookimpl
    def build_model(self, run, data):
        return torch.nn.Sequential(torch.nn.Linear(4, 4), Sorted(4, 3))


class Sees:
    """A plugin that wraps a stage of the inner loop."""

    @hookline.hookimpl(wrapper=True)
    def backward(self):
        return (yield)


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (Odd(), r"Sorted \(1\) cannot be computed for several models at once"),
        (Sees(), 'Sees wraps the stage "backward"'),
    ],
)
def test_what_a_plugin_does_is_refused_before_the_first_trial(plugin, message, tmp_path):
    with pytest.raises(MismatchError, match=rf"tune\.vectorize: .*{message}"):
        hookline.tune(tuned(LR, trials=4, vectorize=4), plugins=[plugin], out=tmp_path / "study")
    assert not list(tmp_path.glob("study/*/metrics.jsonl"))


def test_later_trials_that_cannot_be_stacked_are_trained_alone_with_a_warning(tmp_path):
    spec = tuned(LR, trials=4, vectorize=3)
    first = hookline.tune(spec, trials=1, out=tmp_path / "study")
    assert first.records[0].together == 1
    with pytest.warns(HooklineWarning, match=r"These trials cannot be trained together\. .* They are trained alone\."):
        study = hookline.tune(resume=tmp_path / "study", trials=4, plugins=[Sees()])
    assert [(one.state, one.together) for one in study.records] == [("finished", 1)] * 4


def test_records_say_how_a_trial_was_trained(tmp_path):
    record = TrialRecord(number=1, values={}, state="finished", results=[0.5], together=3)
    (tmp_path / "trial-1").mkdir()
    write_record(tmp_path, record)
    assert TrialRecord.from_json(record.to_json()) == record
    assert record.is_rounded
    record.rounded = [0.25]
    assert (record.is_rounded, record.as_searched().results) == (False, [0.25])


@pytest.mark.parametrize(("space", "tried"), [({}, 1), ({"data.batch_size": [16, 32]}, 2)])
def test_the_preflight_tries_one_step_for_equal_trials(space, tried, monkeypatch, tmp_path):
    count, try_step = [], preflight._try_step
    monkeypatch.setattr(preflight, "_try_step", lambda *given: (count.append(given), try_step(*given)))
    space = {**LR, **space} if space else {**LR, "optimizer.weight_decay": [0.0, 0.1]}
    sections = {"run": {**FLOAT64["run"], "epochs": 1}}
    study = hookline.tune(tuned(space, trials=8, vectorize=8, sections=sections), out=tmp_path / "study")
    assert len({one.values.get("data.batch_size") for one in study.records}) == tried
    assert len(count) == tried + 1  # The best trial is trained again alone.
