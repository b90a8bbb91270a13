import signal
from copy import deepcopy

import pytest
import torch
from stacks import assert_close, both
from tuning import tuned

import hookline

LR = {"optimizer.lr": {"low": 0.001, "high": 0.1, "log": True}, "run.seed": [0, 1]}
LAYERS = [{"type": "Linear", "out_features": 8}, {"type": "Dropout"}, {"type": "Linear", "out_features": 3}]


class Kept:
    """A plugin that keeps what each run trains."""

    @hookline.hookimpl(wrapper=True)
    def fit(self, run, data, model, criterion, optimizer):
        run.kept["own"] = data, model, criterion, optimizer
        return (yield)


class Stops:
    """Ends some trials inside of an epoch."""

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        answer = yield
        if run.step == 2 and run.spec.optimizer.lr > 0.01:
            run.stop("That is enough.", now=True)
        return answer


class Draws(Kept):
    """Draws random numbers after an epoch and after a step, and clears the gradients."""

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        answer = yield
        torch.rand(3)
        return answer

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        answer = yield
        torch.rand(3)
        run.kept["own"][3].zero_grad()
        return answer


class Replaces(Kept):
    """Replaces parameters after each epoch, and at the end."""

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        answer = yield
        for parameter in run.kept["own"][1].parameters():
            parameter.data = parameter.data * 0.9
        return answer


class Evaluates(Kept):
    """Logs numbers of another model, and of other rows."""

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        answer = yield
        data, model, criterion, _ = run.kept["own"]
        other = deepcopy(model)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.mul_(0.5)
        pairs = (other, data.validation), (model, data.training.in_order())
        found = [
            run.stages.evaluate(run=run, model=one, criterion=criterion, batches=batches, split="validation")["loss"]
            for one, batches in pairs
        ]
        return {**answer, "validation/loss": sum(found)}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("optimizer", ["Adam", "NAdam"])
@pytest.mark.parametrize("plugin", [Stops, Draws, Replaces, Evaluates])
def test_a_plugin_does_the_same_in_a_stack(plugin, optimizer, tmp_path):
    sections = {"model": {"type": "Sequential", "layers": LAYERS}, "optimizer": {"type": optimizer}}
    alone, together = both(tmp_path, LR, sections=sections, plugin=plugin)
    assert [one.together for one in together.records] == [4] * 4
    assert_close(alone, together)


@pytest.mark.filterwarnings("ignore")
def test_statistics_of_averaged_weights_are_computed_with_the_noise_of_the_trial(tmp_path):
    layers = [*LAYERS[:2], {"type": "BatchNorm1d"}, LAYERS[2]]
    sections = {"model": {"type": "Sequential", "layers": layers}}
    sections["callbacks"] = [{"type": "StochasticWeightAveraging", "start": 2}]
    alone, together = both(tmp_path, LR, sections=sections)
    assert_close(alone, together)


def test_an_interruption_before_the_first_step(tmp_path):
    class Interrupts:
        models = 0

        @hookline.hookimpl(wrapper=True)
        def build_model(self):
            model = yield
            Interrupts.models += 1
            if Interrupts.models == 3:
                signal.raise_signal(signal.SIGINT)
            return model

    with pytest.raises(KeyboardInterrupt):
        hookline.tune(tuned(LR, vectorize=4), out=tmp_path / "study", plugins=[Interrupts()])
    study = hookline.tune(resume=tmp_path / "study")
    assert [(one.state, one.together) for one in study.records] == [("finished", 4)] * 4


def test_stacks_of_one_study_with_other_dtypes(tmp_path):
    class Makes:
        """A model that makes a number in each call, in the default dtype."""

        @hookline.hookimpl
        def build_model(self, run, data):
            class Scaled(torch.nn.Linear):
                def forward(self, inputs):
                    return super().forward(inputs) * torch.full((), 0.1)

            return Scaled(4, 3)

    space = {"optimizer.lr": [0.01, 0.1], "run.dtype": ["float32", "float64"]}
    alone, together = both(tmp_path, space, type="GridSearch", plugin=Makes)
    assert_close(alone, together, rel=1e-6)
