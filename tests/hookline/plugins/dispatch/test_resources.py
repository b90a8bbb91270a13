from contextlib import ExitStack, contextmanager

import pytest
from attrs import evolve
from outputs import without_ids
from small_training import Ending, small

import hookline
from hookline import HooklineError, hookimpl
from hookline.cli.main import main
from hookline.errors import StageError
from hookline.errors.exceptions import notes_of
from hookline.plugins.dispatch.resources import Resources

HERE = __file__


class Opening:
    """Records when its resource is closed, and the error that ended the run."""

    def __init__(self, happened):
        self.happened = happened

    @hookimpl(wrapper=True)
    def prepare_data(self, run):
        def close(kind, error, trace):
            self.happened.append((run.directory.name if run.directory else None, kind))

        run.resources.push(close)
        return (yield)


class Deploying:
    """Records that the model is deployed."""

    def __init__(self, happened, error=None):
        self.happened, self.error = happened, error

    @hookimpl(wrapper=True)
    def deploy(self, trial):
        self.happened.append(("deployed", trial.directory.name))
        if self.error is not None:
            raise self.error
        return (yield)


class Tuning:
    """Tries learning rates in turn."""

    def __init__(self, *rates):
        self.rates = rates

    @hookimpl
    def tune(self, run, trials):
        if len(trials) > len(self.rates):
            return None
        return evolve(run.spec, optimizer=evolve(run.spec.optimizer, lr=self.rates[len(trials) - 1]))


class Failing:
    """Opens a resource that fails on close."""

    def __init__(self, error):
        self.error = error

    @hookimpl(wrapper=True)
    def fit(self, run):
        run.resources.callback(self.close)
        return (yield)

    def close(self):
        raise self.error


LINE = Failing.close.__code__.co_firstlineno + 1
CLOSING = f'The plugin "Failing" failed to close a resource. {HERE}, line {LINE}: OSError: broken'


def test_resources_are_closed_after_deployment(tmp_path):
    happened = []
    hookline.train(small(epochs=1), plugins=[Opening(happened), Deploying(happened)], out=tmp_path / "run")
    assert happened == [("deployed", "run"), ("run", None)]


def test_an_error_in_deployment_is_an_error_of_the_run(tmp_path):
    happened = []
    plugins = [Opening(happened), Deploying(happened, RuntimeError("no"))]
    with pytest.raises(StageError, match='"Deploying" failed in the stage "deploy"'):
        hookline.train(small(epochs=1), plugins=plugins, out=tmp_path / "run")
    assert happened == [("deployed", "run"), ("run", StageError)]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        # The first trial is the best; the later ones are closed when they end.
        ((1e-4, 1e-5), [("trial-2", None), ("trial-3", None), ("deployed", "run"), ("run", None)]),
        # Each trial is better than the previous one, which is closed then.
        ((0.05, 0.2), [("run", None), ("trial-2", None), ("deployed", "trial-3"), ("trial-3", None)]),
    ],
)
def test_the_resources_of_the_deployed_trial_stay_open(tmp_path, rates, expected):
    happened = []
    plugins = [Opening(happened), Deploying(happened), Tuning(*rates)]
    hookline.train(small(epochs=1), plugins=plugins, out=tmp_path / "run")
    assert happened == expected


def test_the_resources_of_all_trials_are_closed_if_one_fails(tmp_path):
    happened = []

    class SecondFails:
        @hookimpl(wrapper=True)
        def fit(self, run):
            if run.directory.name == "trial-2":
                raise RuntimeError("no")
            return (yield)

    plugins = [Opening(happened), Tuning(0.1), SecondFails()]
    with pytest.raises(StageError, match='"SecondFails" failed in the stage "fit"'):
        hookline.train(small(epochs=1), plugins=plugins, out=tmp_path / "run")
    assert happened == [("trial-2", StageError), ("run", StageError)]


def test_an_error_while_closing_names_the_plugin_and_the_other_resources_are_closed(tmp_path):
    happened = []
    with pytest.raises(StageError) as error:
        hookline.train(small(epochs=1), plugins=[Opening(happened), Failing(OSError("broken"))], out=tmp_path / "run")
    assert str(error.value) == CLOSING
    assert isinstance(error.value.__cause__, OSError)
    assert notes_of(error.value) == ()
    assert happened == [("run", None)]
    assert (tmp_path / "run/result.json").is_file()


def test_an_error_while_closing_does_not_hide_an_earlier_error(tmp_path):
    plugins = [Failing(OSError("broken")), Ending(ValueError("first"), epoch=1)]
    with pytest.raises(StageError) as error:
        hookline.train(small(epochs=1), plugins=plugins, out=tmp_path / "run")
    assert str(error.value).startswith('The plugin "Ending" failed in the stage "evaluate" ')
    assert str(error.value).endswith(": ValueError: first")
    weights = f"The weights of epoch 1, step 2, and the log are in {tmp_path / 'run'}."
    assert notes_of(error.value) == (weights, CLOSING)


def test_an_interruption_remains_an_interruption(tmp_path):
    plugins = [Failing(OSError("broken")), Ending(KeyboardInterrupt(), epoch=1)]
    with pytest.raises(hookline.Interrupted) as error:
        hookline.train(small(epochs=1), plugins=plugins, out=tmp_path / "run")
    assert notes_of(error.value) == (CLOSING,)


def test_a_callback_of_the_spec_is_named_with_its_place(tmp_path):
    class Bringing:
        @hookimpl
        def register_specs(self):
            return [Broken]

    @hookline.spec.spec
    class Broken(hookline.spec.CallbackSpec):
        """Opens a resource that fails on close."""

        def build(self):
            return Failing(HooklineError("It is broken."))

    spec = hookline.load(
        {
            "data": {"type": "Random", "features": 2, "targets": [0.5, 1.5]},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD"},
            "callbacks": [{"type": "Broken"}],
        },
        plugins=[Bringing()],
    )
    with pytest.raises(StageError) as error:
        hookline.train(spec, plugins=[Bringing()], out=tmp_path / "run")
    assert str(error.value) == 'The plugin "callbacks[0] Broken" failed to close a resource. It is broken.'
    assert error.value.path == ("callbacks", 0)


def broken(*_):
    raise ValueError("broken")


@contextmanager
def broken_context():
    yield 3
    raise ValueError("broken")


class BrokenContext:
    def __enter__(self):
        return 3

    def __exit__(self, *_):
        raise ValueError("broken")


@pytest.mark.parametrize(
    ("register", "named"),
    [
        (lambda resources: resources.callback(broken, 1), "broken"),
        (lambda resources: resources.push(broken), "broken"),
        (lambda resources: resources.enter_context(broken_context()), "broken_context"),
        (lambda resources: resources.enter_context(BrokenContext()), "BrokenContext"),
        (lambda resources: resources.push(BrokenContext()), "BrokenContext"),
    ],
)
def test_a_resource_without_a_plugin_is_reported_with_its_function_and_line(register, named):
    resources = Resources()
    register(resources)
    with pytest.raises(StageError) as error:
        resources.close()
    function = {"broken": broken, "broken_context": broken_context.__wrapped__}.get(named)
    place = "" if function is None else f" ({HERE}, line {function.__code__.co_firstlineno})"
    assert str(error.value).startswith(f'The function "{named}"{place} failed to close a resource. {HERE}, line ')
    assert str(error.value).endswith(": ValueError: broken")
    resources.close()  # It is closed once.


def test_it_behaves_like_an_exit_stack():
    seen = []
    with Resources() as resources:
        assert resources.enter_context(good_context()) == 3
        assert resources.callback(seen.append, "first") == seen.append
        resources.callback(seen.append, "second")
    assert seen == ["second", "first"]
    with Resources() as resources:
        resources.callback(seen.append, "third")
        kept = resources.pop_all()
    assert seen == ["second", "first"]
    kept.close()
    assert seen == ["second", "first", "third"]


@contextmanager
def good_context():
    yield 3


def test_a_resource_neither_suppresses_an_error_nor_repeats_it():
    class Swallowing(ExitStack):
        def __exit__(self, *_):
            return True

    class Raising(ExitStack):
        def __exit__(self, kind, error, trace):
            raise error

    with pytest.raises(ValueError, match="first") as error, Resources() as resources:  # noqa: PT012
        resources.enter_context(Swallowing())
        resources.enter_context(Raising())
        raise ValueError("first")
    assert notes_of(error.value) == ()


def test_all_errors_while_closing_are_reported():
    resources = Resources()
    resources.callback(broken)
    resources.callback(BrokenContext().__exit__)
    with pytest.raises(StageError) as error:
        resources.close()
    assert "BrokenContext.__exit__" in str(error.value)
    [note] = notes_of(error.value)
    assert note.startswith('The function "broken"')


FILE = """
from hookline import hookimpl


def close():
    raise OSError("broken")


@hookimpl(wrapper=True)
def fit(run):
    run.resources.callback(close)
    answer = yield
    {after}
    return answer
"""


@pytest.mark.parametrize(
    "after", ["pass", "1 / 0", "from hookline.errors import MismatchError; raise MismatchError('No.', ('loss',))"]
)
def test_the_command_line_reports_both(tmp_path, monkeypatch, capsys, after):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FILE.format(after=after))
    (tmp_path / "spec.toml").write_text(
        'run = {epochs = 1}\ndata = {type = "Random", features = 2, targets = [0.5, 1.5]}\n'
        'model = {type = "Linear", out_features = 1}\nloss = {type = "MSELoss"}\noptimizer = {type = "SGD"}\n'
    )
    assert main(["train", "spec.toml", "-q", "-p", "mine.py"]) == 2
    closing = f'The plugin "mine" failed to close a resource. {tmp_path}/mine.py, line 6: OSError: broken\n'
    err = without_ids(capsys.readouterr().err)
    assert err.endswith(closing)
    first = err.removesuffix(closing)
    expected = {
        "pass": "",
        "1 / 0": f'The plugin "mine" failed in the stage "fit" ({tmp_path}/mine.py, line 13): '
        "ZeroDivisionError: division by zero\n"
        "The weights of epoch 1, step 1, and the log are in runs/spec/1.\n",
    }
    assert first == expected[after] if after in expected else first.startswith("spec.toml:4:")
