import pytest

import hookline
from hookline.errors import PluginError, SpecError
from hookline.spec import CallbackSpec, RunSpec, spec


def table(**changes):
    return {
        "data": {"type": "Random", "features": 2, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
        **changes,
    }


def test_a_run_has_ten_epochs_and_seed_0_unless_the_spec_says_otherwise():
    made = RunSpec()
    assert (made.name, made.seed, made.epochs, made.device) == ("run", 0, 10, "auto")


@pytest.mark.parametrize("name", ["iris", "iris-2", "a.b_c", "0", "_x", "A"])
def test_a_plain_name_is_taken(name):
    assert RunSpec(name=name).name == name


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/x", "a/b", "a\\b", "a b", "-x", ".x", "ä", "x\n", "C:"])
def test_a_name_that_would_lead_elsewhere_is_refused(name):
    with pytest.raises(ValueError, match="is not a plain name") as error:
        RunSpec(name=name)
    assert str(error.value) == f'"{name}" is not a plain name: use letters, digits, "_", "-" and ".".'


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_a_seed_is_taken(seed):
    assert RunSpec(seed=seed).seed == seed


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_torch_and_numpy_do_not_both_take_is_refused(seed):
    with pytest.raises(ValueError, match=r"is out of bounds: it must be at least 0 and at most 4294967295\.$"):
        RunSpec(seed=seed)


@pytest.mark.parametrize(
    ("metrics", "problem"),
    [
        (
            [{"type": "R2Score", "name": "loss"}],
            'metrics[0]: A metric cannot have the name "loss": set another `name`.',
        ),
        (
            [{"type": "R2Score"}, {"type": "R2Score"}],
            'metrics[1]: Several metrics have the name "R2Score": set a different `name` for each.',
        ),
        (
            [{"type": "R2Score"}, {"type": "MeanSquaredError", "name": "R2Score"}],
            'metrics[1]: Several metrics have the name "R2Score": set a different `name` for each.',
        ),
        (
            [{"type": "R2Score"}, {"type": "Accuracy"}],
            "metrics[1].type: MSELoss predicts numbers, but Accuracy evaluates classes or labels. If all targets are 0 or 1, "
            'set the `task` of Accuracy to "binary" or "multilabel".',
        ),
    ],
)
def test_metrics_that_do_not_go_together_are_refused(metrics, problem):
    with pytest.raises(SpecError) as error:
        hookline.load(table(metrics=metrics))
    assert str(error.value) == f"spec: {problem}"


def test_metrics_of_one_type_with_different_names_go_together():
    made = hookline.load(table(metrics=[{"type": "R2Score"}, {"type": "R2Score", "name": "again"}]))
    assert [metric.label for metric in made.metrics] == ["R2Score", "again"]


def test_a_spec_has_so_many_callbacks_at_most_and_is_reported_once():
    callbacks = [{"type": "EarlyStopping", "monitor": f"val_{number}"} for number in range(501)]
    with pytest.raises(SpecError) as error:
        hookline.load(table(callbacks=callbacks))
    assert [str(problem) for problem in error.value.problems] == [
        "callbacks: A spec has at most 500 callbacks, not 501."
    ]
    with pytest.raises(SpecError) as error:
        hookline.load(table(callbacks=callbacks[:500]))
    assert len([problem for problem in error.value.problems if problem.path[-1] == "monitor"]) == 500


@spec
class Choosy(CallbackSpec):
    """A callback whose check names something that is no section."""

    def check(self, optimiser):
        """Check nothing."""


class Bringing:
    """A plugin with it."""

    @hookline.hookimpl
    def register_specs(self):
        return [Choosy]


def test_a_check_that_names_no_section_is_reported_to_its_author():
    with pytest.raises(PluginError) as error:
        hookline.load(table(callbacks=[]), plugins=[Bringing()])
    line = Choosy.check.__code__.co_firstlineno - 4
    assert str(error.value) == (
        'The plugin "Bringing" registers Choosy, which has a `check` that takes "optimiser", which is not a section of '
        f'a spec. Did you mean "optimizer"? ({__file__}, line {line})'
    )
