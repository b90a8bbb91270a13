import json
import math
import warnings
from pathlib import Path

import pytest
import torch
from attrs import evolve
from run_directories import with_examples
from safetensors.torch import load_file

import hookline
from hookline import HooklineError, Interrupted, hookimpl
from hookline.errors import MismatchError, StageError, TrainingError
from hookline.plugins.stages import STAGES
from hookline_callbacks.progress import Progress


def table(**changes):
    sections = {
        "run": {"epochs": 3, "device": "cpu"},
        "data": {"type": "Random", "features": 4, "targets": [0, 1, 1, 0, 1, 0, 1, 1], "batch_size": 4},
        "model": {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 1}]},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD", "lr": 0.1},
    }
    for section, values in changes.items():
        sections[section] = {**sections.get(section, {}), **values} if isinstance(values, dict) else values
    return sections


def trained(out: Path, *plugins: object, **changes):
    return hookline.train(hookline.load(table(**changes)), plugins=plugins, out=out / "run")


def wrapper_of(stage, change):
    """A plugin that changes the answer of one stage."""

    class Wrapper:
        pass

    def implementation(self):
        answer = yield
        return change(answer)

    implementation.__name__ = stage
    setattr(Wrapper, stage, hookimpl(wrapper=True)(implementation))
    return Wrapper()


def with_validation(data):
    return evolve(data, validation=data.training, test=data.training)


# The effect of a changed answer of each stage on the result.


def test_a_wrapper_changes_the_data(tmp_path):
    result = trained(tmp_path, wrapper_of("prepare_data", with_validation))
    assert list(result.metrics) == ["training/loss", "validation/loss", "test/loss"]


def test_a_wrapper_changes_the_model(tmp_path):
    result = trained(tmp_path, wrapper_of("build_model", lambda model: torch.nn.Sequential(model, torch.nn.Sigmoid())))
    assert isinstance(result.model[1], torch.nn.Sigmoid)


def test_a_wrapper_changes_the_criterion(tmp_path):
    result = trained(tmp_path, wrapper_of("select_loss", lambda _: torch.nn.L1Loss()))
    other = trained(tmp_path / "other", loss={"type": "L1Loss"})
    assert result.history == other.history


def test_a_wrapper_changes_the_optimizer(tmp_path):
    def faster(optimizer):
        for group in optimizer.param_groups:
            group["lr"] = 0.2
        return optimizer

    result = trained(tmp_path, wrapper_of("select_optimizer", faster))
    assert result.history == trained(tmp_path / "other", optimizer={"lr": 0.2}).history


def test_a_wrapper_changes_the_trained_model(tmp_path):
    def with_zeros(model):
        other = torch.nn.Linear(4, 1)
        torch.nn.init.zeros_(other.weight)
        torch.nn.init.ones_(other.bias)
        return other

    result = trained(tmp_path, wrapper_of("fit", with_zeros), wrapper_of("prepare_data", with_validation))
    assert result.metrics["test/loss"] == 3 / 8  # Of eight targets five are 1, and three are 0.
    weights = load_file(result.directory / "model.safetensors")
    assert (weights["weight"].tolist(), weights["bias"].tolist()) == ([[0.0] * 4], [1.0])


def test_a_wrapper_changes_the_outputs(tmp_path):
    result = trained(tmp_path, wrapper_of("forward", torch.sigmoid))
    layers = [{"type": "Linear", "out_features": 1}, {"type": "Sigmoid"}]
    assert result.history == trained(tmp_path / "other", model={"layers": layers}).history


def test_a_wrapper_changes_the_loss(tmp_path):
    result = trained(tmp_path, wrapper_of("loss", lambda loss: loss * 2))
    plain = trained(tmp_path / "other")
    assert result.history[0]["training/loss"] > plain.history[0]["training/loss"]


def test_a_wrapper_changes_the_answer_of_backward_and_thus_the_log(tmp_path):
    result = trained(tmp_path, wrapper_of("backward", lambda loss: torch.full_like(loss, 7.0)))
    assert [record["training/loss"] for record in result.history] == [7.0, 7.0, 7.0]


def test_a_wrapper_changes_the_gradients_before_the_step(tmp_path):
    class Doubled:
        @hookimpl(wrapper=True)
        def step(self, optimizer):
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad.mul_(2)
            return (yield)

    result = trained(tmp_path, Doubled())
    assert result.history == trained(tmp_path / "other", optimizer={"lr": 0.2}).history


def test_an_answer_of_step_replaces_the_built_in_answer(tmp_path):
    class Nothing:
        @hookimpl
        def step(self, optimizer):
            return True

    result = trained(tmp_path, Nothing(), data={"shuffle": False})
    assert len({record["training/loss"] for record in result.history}) == 1


def test_a_wrapper_changes_the_evaluation(tmp_path):
    more = wrapper_of("evaluate", lambda metrics: {**metrics, "Answer": 42.0})
    result = trained(tmp_path, wrapper_of("prepare_data", with_validation), more)
    assert result.metrics["validation/Answer"] == result.metrics["test/Answer"] == 42.0


def test_a_wrapper_adds_to_the_record_before_it_is_saved(tmp_path):
    class LearningRate:
        @hookimpl(wrapper=True)
        def log(self, record):
            record["lr"] = 0.1
            return (yield)

    result = trained(tmp_path, LearningRate())
    lines = (result.directory / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["lr"] for line in lines] == [0.1, 0.1, 0.1]


def test_a_plugin_tunes_and_the_best_trial_is_deployed(tmp_path):
    rates = [0.0, 0.05, 0.001]

    class Tuner:
        @hookimpl
        def tune(self, run, trials):
            if len(trials) < len(rates):
                optimizer = evolve(run.spec.optimizer, lr=rates[len(trials)])
                return evolve(run.spec, optimizer=optimizer)
            return None

    deploy = [{"type": "Safetensors"}]
    result = trained(tmp_path, Tuner(), optimizer={"lr": rates[0]}, deploy=deploy)
    assert result.spec.optimizer.lr == 0.05
    assert result.directory == tmp_path / "run" / "trial-2"
    assert sorted(path.name for path in (tmp_path / "run").glob("trial-*")) == ["trial-2", "trial-3"]
    assert [path.parent.parent for path in result.deployed] == [result.directory] * 2


def test_reports_of_tune_and_deploy_are_printed_and_saved_with_their_run(tmp_path, capsys):
    class Telling:
        @hookimpl
        def tune(self, run, trials):
            run.note(f"Trial {len(trials)} has been looked at.")
            return evolve(run.spec, optimizer=evolve(run.spec.optimizer, lr=0.05)) if len(trials) == 1 else None

        @hookimpl(wrapper=True)
        def deploy(self, run):
            run.note("It is deployed.")
            return (yield)

    best = trained(tmp_path, Progress().build(), Telling(), optimizer={"lr": 0.0})
    assert best.directory == tmp_path / "run" / "trial-2"
    assert best.notes == ("Trial 2 has been looked at.", "It is deployed.")
    kept = [json.loads((path / "result.json").read_text())["notes"] for path in (tmp_path / "run", best.directory)]
    assert kept == [["Trial 1 has been looked at."], list(best.notes)]
    reported = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("Trial ", "It is"))]
    assert reported == ["Trial 1 has been looked at.", *best.notes]


def test_reports_before_a_failure_of_deploy_are_saved(tmp_path):
    class Failing:
        @hookimpl
        def deploy(self, run):
            run.note("The disk is nearly full.")
            raise OSError("No space left")

    with pytest.raises(StageError):
        trained(tmp_path, Failing())
    assert json.loads((tmp_path / "run" / "result.json").read_text())["notes"] == ["The disk is nearly full."]


def test_a_wrapper_changes_the_deployed_paths(tmp_path):
    assert trained(tmp_path, wrapper_of("deploy", lambda paths: (*paths, Path("x")))).deployed == (Path("x"),)


def test_a_wrapper_returns_a_longer_record_which_is_saved(tmp_path):
    result = trained(tmp_path, wrapper_of("log", lambda record: {**record, "answer": 42}))
    lines = (result.directory / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["answer"] for line in lines] == [record["answer"] for record in result.history] == [42] * 3


def test_a_trial_with_a_nan_loss_is_not_the_best(tmp_path):
    class Nan:
        @hookimpl(wrapper=True)
        def log(self, run):
            record = yield
            return {**record, "training/loss": math.nan} if run.spec.optimizer.lr == 0.1 else record

        @hookimpl
        def tune(self, run, trials):
            return evolve(run.spec, optimizer=evolve(run.spec.optimizer, lr=0.0)) if len(trials) == 1 else None

    changes = {"run": {"evaluate_training": False}}
    assert trained(tmp_path, Nan(), **changes).spec.optimizer.lr == 0.0


def test_gradients_of_parameters_that_are_added_later_are_cleared_too(tmp_path):
    norms = []

    class Unfreeze:
        extra = torch.nn.Parameter(torch.ones(1))

        @hookimpl(wrapper=True)
        def select_optimizer(self):
            return (yield)

        @hookimpl(wrapper=True)
        def loss(self):
            return (yield) + self.extra.sum()

        @hookimpl(wrapper=True)
        def step(self, run, optimizer):
            if run.step == 0:
                optimizer.add_param_group({"params": [self.extra]})
            else:
                norms.append(float(self.extra.grad.norm()))
            return (yield)

    trained(tmp_path, Unfreeze())
    assert norms == [1.0] + [1.0] * 4 or norms == [2.0] + [1.0] * 4


def test_random_numbers_of_a_data_source_depend_on_the_seed_of_the_run(tmp_path):
    drawn = []

    class Drawing:
        @hookimpl(wrapper=True)
        def prepare_data(self):
            drawn.append(torch.rand(3).tolist())
            return (yield)

    for run, seed in enumerate((1, 1, 2)):
        torch.rand(run)
        trained(tmp_path / str(run), Drawing(), run={"seed": seed})
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_criterion_with_parameters_is_saved(tmp_path):
    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(1))

        def forward(self, outputs, targets):
            return ((outputs * self.scale - targets) ** 2).mean()

    result = trained(tmp_path, wrapper_of("select_loss", lambda _: Scaled()), deploy=[{"type": "Safetensors"}])
    for directory in (result.directory, result.directory / "safetensors"):
        assert torch.equal(load_file(directory / "criterion.safetensors")["scale"], result.criterion.scale)


def test_the_saved_spec_trains_again_through_a_symbolic_link(tmp_path):
    source = tmp_path / "project"
    source.mkdir()
    (source / "rows.csv").write_text("a,y\n1,2\n2,4\n3,6\n")
    (tmp_path / "big" / "disk").mkdir(parents=True)
    (source / "runs").symlink_to(tmp_path / "big" / "disk")
    data = {"type": "CSV", "path": str(source / "rows.csv"), "targets": "y"}
    spec = hookline.load({**table(), "data": data})
    result = hookline.train(spec, out=source / "runs" / "one")
    again = hookline.train(hookline.load(result.directory / "spec.toml"), out=source / "runs" / "two")
    assert again.history == result.history


def test_a_training_loss_is_weighted_like_a_validation_loss(tmp_path):
    result = trained(
        tmp_path,
        wrapper_of("prepare_data", with_validation),
        data={"targets": [0, 0, 0, 1, 0, 0, 0, 0, 0, 1], "batch_size": 4},
        model={"layers": [{"type": "Linear", "out_features": 2}]},
        loss={"type": "CrossEntropyLoss", "weight": [1, 50]},
        optimizer={"lr": 0.0},
    )
    assert result.metrics["training/loss"] == pytest.approx(result.metrics["validation/loss"], rel=1e-6)


# Errors.


@pytest.mark.parametrize(
    ("stage", "answer", "product"),
    [
        ("prepare_data", {}, "a hookline.data.Data, but the answer is of type dict"),
        ("build_model", "x", "an nn.Module, but the answer is of type str"),
        ("select_optimizer", 3, "an optimizer, but the answer is of type int"),
        ("loss", torch.zeros(4), "a scalar tensor, but the answer is of type Tensor and shape (4,)"),
        ("evaluate", [], 'a mapping with the "loss", but the answer is of type list'),
        ("log", {}, 'a mapping with "training/loss", but the answer is of type dict'),
        ("tune", {}, "a TrainingSpec, or None, but the answer is of type dict"),
        ("deploy", 3, "a sequence of paths, but the answer is of type int"),
    ],
)
def test_a_wrong_answer_of_a_stage_is_reported(tmp_path, stage, answer, product):
    plugins = [wrapper_of(stage, lambda _: answer), wrapper_of("prepare_data", with_validation)]
    with pytest.raises(StageError) as error:
        trained(tmp_path, *plugins)
    if stage == "loss":
        product = product.replace(", but the answer is", ", but its return value is")
        assert str(error.value) == f'The wrapper of Wrapper around the stage "loss" must return {product}.'
    else:
        assert str(error.value).startswith(f'The stage "{stage}" must be answered with {product}.')


def test_a_wrapper_that_yields_twice_is_reported(tmp_path):
    class Twice:
        @hookimpl(wrapper=True)
        def log(self):
            yield
            yield

    with pytest.raises(StageError, match="a wrapper must yield once"):
        trained(tmp_path, Twice())


def test_a_last_batch_with_one_row_is_reported_if_batch_norm_would_fail(tmp_path):
    layers = [{"type": "BatchNorm1d"}, {"type": "Linear", "out_features": 1}]
    with pytest.raises(HooklineError, match=r"^data: The last batch of an epoch has only one row"):
        trained(tmp_path, model={"layers": layers}, data={"batch_size": 7})
    assert list(tmp_path.iterdir()) == []
    assert trained(tmp_path, model={"layers": layers}, data={"batch_size": 7, "drop_last": True}).steps == 3


@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_with_one_row_are_reported_with_a_remedy(tmp_path, drop_last):
    layers = [{"type": "BatchNorm1d"}, {"type": "Linear", "out_features": 1}]
    with pytest.raises(
        HooklineError, match=r"^data.batch_size: Each batch has only one row.*: set `batch_size` to at least 2\.$"
    ):
        trained(tmp_path, model={"layers": layers}, data={"batch_size": 1, "drop_last": drop_last})


def test_metrics_without_a_split_to_evaluate_are_reported(tmp_path):
    with pytest.raises(HooklineError, match=r"^metrics: The data has neither a validation nor a test split"):
        trained(tmp_path, metrics=[{"type": "R2Score"}])


def test_a_callback_listed_twice_is_reported():
    clipping = {"type": "GradientClipping", "max_norm": 1}
    with pytest.raises(HooklineError, match=r"callbacks\[1\]: GradientClipping is listed twice, with the same options"):
        hookline.load(table(callbacks=[clipping, clipping]))


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "tune"])
def test_a_wrapper_that_returns_none_is_named_in_the_error(tmp_path, stage):
    plugins = [wrapper_of(stage, lambda answer: None), wrapper_of("prepare_data", with_validation)]
    with pytest.raises(StageError) as error:
        trained(tmp_path, *plugins)
    assert str(error.value).startswith(
        f'No plugin answered the stage "{stage}". Plugins that implement it, in calling order: hookline_stages.'
    )
    assert "Wrapper" in str(error.value)


def failing_wrapper_of(stage, when):
    """A plugin that raises before or after its stage."""

    class Failing:
        pass

    def implementation(self):
        if when == "before":
            raise KeyError("lost")
        yield
        raise KeyError("lost")

    implementation.__name__ = stage
    setattr(Failing, stage, hookimpl(wrapper=True)(implementation))
    return Failing()


def recorder_of(stage, calls):
    """A plugin that records that a stage was called, without answering it."""

    class Asked:
        pass

    def implementation(self):
        calls.append(stage)

    implementation.__name__ = stage
    setattr(Asked, stage, hookimpl(implementation))
    return Asked()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_wrapper_that_raises_ends_the_run_and_is_named_with_its_stage_and_line(tmp_path, stage, when):
    calls, closed = [], []

    class Opening:
        @hookimpl(wrapper=True)
        def prepare_data(self, run):
            run.resources.callback(closed.append, "closed")
            return (yield)

    others = [Opening(), wrapper_of("prepare_data", with_validation), recorder_of(stage, calls)]
    with pytest.raises(StageError) as error:
        trained(tmp_path, others[0], failing_wrapper_of(stage, when), *others[1:])
    assert str(error.value).startswith('The plugin "Failing" failed in the stage "')
    assert f'failed in the stage "{stage}" ({__file__}, line ' in str(error.value)
    assert str(error.value).endswith("KeyError: 'lost'")
    # An error before a stage prevents its call. In each case the run ends and all resources are closed.
    assert calls == ([] if when == "before" else [stage])
    assert closed == ["closed"]
    has_begun = STAGES.index(stage) >= STAGES.index("fit") and stage not in ("forward", "loss")
    assert (tmp_path / "run").exists() == has_begun
    if has_begun:
        result = json.loads((tmp_path / "run" / "result.json").read_text())
        has_ended = stage in ("tune", "deploy")
        assert (result["state"], result["error"]) == (("finished", None) if has_ended else ("failed", str(error.value)))


def test_a_plugin_that_fails_in_a_nested_stage_is_named(tmp_path):
    class OnlyInEvaluation:
        @hookimpl(wrapper=True)
        def forward(self, run, model):
            if not model.training and run.epoch:
                raise RuntimeError("broken")
            return (yield)

    with pytest.raises(StageError, match='"OnlyInEvaluation" failed in the stage "forward"'):
        trained(tmp_path, wrapper_of("prepare_data", with_validation), OnlyInEvaluation())


def test_a_nan_loss_ends_the_run_and_the_log_is_kept(tmp_path):
    class Poison:
        @hookimpl(wrapper=True)
        def loss(self, run):
            answer = yield
            return answer * math.nan if run.step == 4 else answer

    with pytest.raises(TrainingError, match=r"^The loss is NaN in epoch 3, step 5\."):
        trained(tmp_path, Poison())
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (result["state"], result["weights"]["finite"]) == ("failed", False)


def test_an_interruption_writes_the_results_so_far(tmp_path):
    class Interrupt:
        @hookimpl(wrapper=True)
        def step(self, run):
            if run.step == 5:
                raise KeyboardInterrupt
            return (yield)

    with pytest.raises(Interrupted) as interruption:
        trained(tmp_path, Interrupt(), deploy=[{"type": "Safetensors"}])
    assert interruption.value.trial.epochs == 2
    directory = tmp_path / "run"
    assert sorted(path.name for path in directory.iterdir()) == with_examples("examples.npz")
    assert json.loads((directory / "result.json").read_text())["stopped"] == "It was interrupted from the keyboard."


def test_nothing_is_written_if_the_model_does_not_fit(tmp_path):
    layers = [{"type": "Linear", "out_features": 2}]
    with pytest.raises(HooklineError, match=r"^loss: MSELoss compares each output with a target"):
        trained(tmp_path, model={"layers": layers})
    assert list(tmp_path.iterdir()) == []


# Properties of every run.


def test_the_first_listed_is_outermost_and_plugins_wrap_the_callbacks_of_the_spec(tmp_path):
    order = []

    class Noting:
        def __init__(self, name):
            self.name = name

        @hookimpl(wrapper=True)
        def select_loss(self):
            order.append(self.name)
            answer = yield
            order.append(self.name)
            return answer

    class Bringing:
        @hookimpl
        def register_specs(self):
            return [NotingSpec]

    @hookline.spec.spec
    class NotingSpec(hookline.spec.CallbackSpec):
        """Records when it is called."""

        name: str

        def build(self):
            return Noting(self.name)

    class First(Noting):
        pass

    callbacks = [{"type": "NotingSpec", "name": "c"}, {"type": "NotingSpec", "name": "d"}]
    spec = hookline.load(table(callbacks=callbacks), plugins=[Bringing()])
    hookline.train(spec, plugins=[First("a"), Noting("b"), Bringing()], out=tmp_path / "run")
    assert order == ["a", "b", "c", "d", "d", "c", "b", "a"]


def test_a_callback_stops_the_run_after_the_epoch(tmp_path):
    class Stop:
        @hookimpl(wrapper=True)
        def step(self, run):
            run.stop("It is enough.")
            return (yield)

    result = trained(tmp_path, Stop())
    assert (result.epochs, result.steps, result.stopped) == (1, 2, "It is enough.")


def test_a_run_can_be_stopped_without_a_reason(tmp_path):
    trial = trained(tmp_path, hookline.before("step", lambda run: run.stop("")))
    assert (trial.epochs, trial.stopped) == (1, "A callback stopped it.")


@pytest.mark.parametrize("fails", [False, True])
def test_resources_are_always_closed(tmp_path, fails):
    closed = []

    class Opening:
        @hookimpl(wrapper=True)
        def build_model(self, run):
            run.resources.callback(closed.append, "closed")
            return (yield)

        @hookimpl(wrapper=True)
        def step(self):
            if fails:
                raise RuntimeError("broken")
            return (yield)

    if fails:
        with pytest.raises(StageError):
            trained(tmp_path, Opening())
    else:
        trained(tmp_path, Opening())
    assert closed == ["closed"]


def test_the_preflight_does_not_change_the_random_numbers_of_the_run(tmp_path):
    class Drawing:
        @hookimpl(wrapper=True)
        def forward(self, run):
            if run.epoch == 0:
                torch.rand(100)
            return (yield)

    layers = [{"type": "Linear", "out_features": 8}, {"type": "Dropout"}, {"type": "Linear", "out_features": 1}]
    result = trained(tmp_path, Drawing(), model={"layers": layers})
    assert result.history == trained(tmp_path / "other", model={"layers": layers}).history


def test_an_optimizer_with_a_closure_evaluates_as_often_as_in_plain_torch(tmp_path):
    evaluations = []

    class Counting:
        @hookimpl(wrapper=True)
        def backward(self, run):
            evaluations.append(run.step)
            return (yield)

    options = {"type": "LBFGS", "max_iter": 4, "lr": 0.1}
    trained(tmp_path, Counting(), optimizer=options, run={"epochs": 1}, data={"batch_size": 8, "shuffle": False})
    del options["type"]

    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.LBFGS(model.parameters(), **options)
    inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([0.0, 1, 1, 0, 1, 0, 1, 1]).unsqueeze(1)
    by_hand = []

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        by_hand.append(0)
        return loss

    optimizer.step(closure)
    assert evaluations == by_hand


@pytest.mark.parametrize(
    ("optimizer", "p", "is_reported"), [("LBFGS", 0.5, True), ("LBFGS", 0.0, False), ("SGD", 0.5, False)]
)
def test_dropout_with_several_evaluations_per_step_causes_a_warning(optimizer, p, is_reported, tmp_path):
    spec = hookline.load(
        {
            "run": {"epochs": 1},
            "data": {"type": "Random", "features": 2, "targets": [0.5, 1.5]},
            "model": {
                "type": "Sequential",
                "layers": [{"type": "Dropout", "p": p}, {"type": "Linear", "out_features": 1}],
            },
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": optimizer},
        }
    )
    with warnings.catch_warnings(record=True) as reported:
        warnings.simplefilter("always", hookline.HooklineWarning)
        hookline.train(spec, out=tmp_path / "run")
    assert [str(warning.message) for warning in reported] == [
        "optimizer: LBFGS evaluates the loss several times in a step, and Dropout changes it each time."
    ] * is_reported


# Answers that train nothing, and assignments to the spec.


def test_an_optimizer_of_other_parameters_is_an_error(tmp_path):
    other = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    with pytest.raises(MismatchError, match=r"^optimizer: The optimizer has no parameter of the model or of the loss"):
        trained(tmp_path, wrapper_of("select_optimizer", lambda _: other))
    assert not (tmp_path / "run").exists()


def test_a_training_whose_batches_are_all_skipped_is_a_warning(tmp_path):
    class Idle:
        @hookimpl
        def backward(self, loss):
            return loss.detach()

    with pytest.warns(hookline.errors.HooklineWarning, match=r"^No batch of epoch 1 counts: each was skipped"):
        result = trained(tmp_path, Idle())
    assert math.isnan(result.history[-1]["training/loss"])


def test_the_spec_of_a_run_cannot_be_replaced(tmp_path):
    class Replacing:
        @hookimpl(wrapper=True)
        def log(self, run):
            run.spec = None
            return (yield)

    with pytest.raises(StageError, match=r'failed in the stage "log" .*: FrozenAttributeError'):
        trained(tmp_path, Replacing())
    assert json.loads((tmp_path / "run/result.json").read_text())["state"] == "failed"
