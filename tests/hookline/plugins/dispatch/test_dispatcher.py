from types import SimpleNamespace

import pluggy
import pytest

from hookline import HooklineError, hookimpl
from hookline.errors import MismatchError, StageError
from hookline.plugins.dispatch.attribution import attributed, naming_plugins
from hookline.plugins.dispatch.dispatcher import Dispatcher
from hookline.plugins.registration import new_manager
from hookline.plugins.stages import STAGES
from hookline.spec import CallbackSpec, Objective
from hookline_stages import inner_loop


@pytest.fixture(autouse=True)
def _any_product(monkeypatch, request):
    if "products" not in request.keywords:
        monkeypatch.setattr("hookline.plugins.dispatch.dispatcher.wanted", lambda stage, answer: None)


def answering(stage, answer):
    class Answering:
        pass

    def implementation(self, run):
        return answer(run) if callable(answer) else answer

    implementation.__name__ = stage
    setattr(Answering, stage, hookimpl(implementation))
    return Answering()


def manager_of(*plugins):
    """A manager with these plugins; the first one is called first."""
    manager = new_manager()
    for index, plugin in reversed(list(enumerate(plugins))):
        manager.register(plugin, f"plugin-{index}")
    return manager


def stages_of(*plugins):
    return Dispatcher(manager_of(*plugins))


class Wrapping:
    @hookimpl(wrapper=True)
    def step(self, run):
        return (yield) + [run]


class Forgetting:
    @hookimpl(wrapper=True)
    def step(self):
        yield


RUN = SimpleNamespace(objective=Objective({}))


def call(stages, stage, run="run"):
    arguments = {
        "prepare_data": {},
        "build_model": {"data": 1},
        "select_loss": {"data": 1},
        "select_optimizer": {"model": 1, "criterion": 2},
        "fit": {"data": 1, "model": 2, "criterion": 3, "optimizer": 4},
        "forward": {"model": 1, "batch": 2},
        "loss": {"criterion": 1, "outputs": 2, "batch": 3},
        "backward": {"loss": 1},
        "step": {"optimizer": 1, "closure": 2},
        "predict": {"criterion": 1, "outputs": 2, "batch": 3},
        "evaluate": {"model": 1, "criterion": 2, "batches": 3, "split": "test"},
        "log": {"record": {}},
        "tune": {"trials": ()},
        "deploy": {"trial": 1},
    }[stage]
    return getattr(stages, stage)(run=run, **arguments)


@pytest.mark.parametrize("stage", STAGES)
def test_the_only_answer_is_the_answer(stage):
    assert call(stages_of(answering(stage, "yes")), stage, RUN) == "yes"


@pytest.mark.parametrize("stage", STAGES)
def test_the_first_answer_counts(stage):
    stages = stages_of(answering(stage, None), answering(stage, "first"), answering(stage, "second"))
    assert call(stages, stage, RUN) == "first"


@pytest.mark.parametrize("answer", [0, False, "", [], 0.0])
def test_false_is_an_answer(answer):
    stages = stages_of(answering("step", answer), answering("step", "other"))
    assert call(stages, "step") == answer
    assert call(stages_of(answering("step", answer)), "step") == answer


def test_a_stage_with_one_implementation_is_called_directly():
    called = []

    class Direct:
        @hookimpl
        def step(self, run, optimizer, closure):
            called.append((run, optimizer, closure))
            return True

    manager = manager_of(Direct())
    manager.add_hookcall_monitoring(lambda *_: pytest.fail("pluggy was called"), lambda *_: None)
    assert Dispatcher(manager).step(run=1, optimizer=2, closure=3) is True
    assert called == [(1, 2, 3)]


@pytest.mark.parametrize("names", ["", "run", "closure", "optimizer, run", "closure, optimizer, run"])
def test_an_implementation_takes_the_arguments_that_it_needs_in_any_order(names):
    scope = {"hookimpl": hookimpl}
    exec(f"class Some:\n  @hookimpl\n  def step(self, {names}):\n    return [{names}]", scope)  # noqa: S102
    given = {"run": 1, "optimizer": 2, "closure": 3}
    expected = [given[name] for name in names.split(", ") if name]
    assert stages_of(scope["Some"]()).step(**given) == expected
    assert stages_of(answering("step", None), scope["Some"]()).step(**given) == expected


def test_a_wrapper_receives_the_answer_and_may_change_it():
    assert call(stages_of(Wrapping(), answering("step", ["yes"])), "step") == ["yes", "run"]


def test_a_stage_without_an_implementation_is_reported():
    with pytest.raises(StageError) as error:
        call(stages_of(), "step")
    assert str(error.value) == 'No plugin answered the stage "step".'


def test_an_unanswered_stage_is_reported_with_the_plugins_that_were_called():
    with pytest.raises(StageError) as error:
        call(stages_of(answering("step", None), answering("step", None)), "step")
    assert (
        str(error.value)
        == 'No plugin answered the stage "step". Plugins that implement it, in calling order: plugin-0, plugin-1.'
    )


def test_the_only_implementation_that_does_not_answer_is_reported():
    with pytest.raises(StageError) as error:
        call(stages_of(answering("log", None)), "log")
    assert (
        str(error.value) == 'No plugin answered the stage "log". Plugins that implement it, in calling order: plugin-0.'
    )


def test_a_wrapper_that_loses_the_answer_is_reported_with_a_remedy():
    with pytest.raises(StageError) as error:
        call(stages_of(Forgetting(), answering("step", "yes")), "step")
    assert str(error.value) == (
        'No plugin answered the stage "step". Plugins that implement it, in calling order: plugin-1. It is wrapped by plugin-0: a wrapper '
        "must return the value of its `yield`, or another answer."
    )


def test_none_is_an_answer_of_tune_only():
    assert call(stages_of(answering("tune", None)), "tune") is None
    assert call(stages_of(answering("tune", None), answering("tune", None)), "tune") is None


def fail(run):
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize("others", [0, 1])
def test_an_error_in_a_plugin_names_the_plugin_the_stage_and_the_line(others):
    stages = stages_of(answering("step", fail), *[answering("step", None)] * others)
    with pytest.raises(StageError) as error, naming_plugins(stages.manager):
        call(stages, "step")
    line = fail.__code__.co_firstlineno + 1
    assert str(error.value) == (
        f'The plugin "plugin-0" failed in the stage "step" ({__file__}, line {line}): '
        "ZeroDivisionError: division by zero"
    )
    assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_an_error_without_a_message_is_reported_by_its_type():
    def interrupt(run):
        raise StopAsyncIteration

    stages = stages_of(answering("step", interrupt))
    with pytest.raises(StageError, match=r": StopAsyncIteration$"), naming_plugins(stages.manager):
        call(stages, "step")


@pytest.mark.parametrize(
    "error", [HooklineError("Mend it."), MismatchError("Mend it.", ("model",)), KeyboardInterrupt()]
)
def test_an_error_of_hookline_is_unchanged(error):
    def refuse(run):
        raise error

    stages = stages_of(answering("step", refuse))
    with pytest.raises(type(error)) as raised, naming_plugins(stages.manager):
        call(stages, "step")
    assert raised.value is error


def test_an_error_outside_of_plugins_is_unchanged():
    error = KeyError("x")
    with pytest.raises(KeyError) as raised, naming_plugins(manager_of(answering("step", "yes"))):
        raise error
    assert raised.value is error


def test_an_error_in_a_nested_stage_belongs_to_the_inner_plugin():
    class Asking:
        @hookimpl
        def step(self, run):
            return call(run, "forward", run)

    stages = stages_of(Asking(), answering("forward", fail))
    with pytest.raises(StageError) as error, naming_plugins(stages.manager):
        call(stages, "step", stages)
    assert str(error.value).startswith('The plugin "plugin-1" failed in the stage "forward" (')


@pytest.mark.parametrize("failing", [0, 1])
def test_the_failing_one_of_two_plugins_of_a_class_is_named(failing):
    class Perhaps:
        def __init__(self, fails):
            self.fails = fails

        @hookimpl
        def step(self):
            if self.fails:
                raise KeyError("x")

    stages = stages_of(*(Perhaps(index == failing) for index in range(2)))
    with pytest.raises(StageError) as error, naming_plugins(stages.manager):
        call(stages, "step")
    assert str(error.value).startswith(f'The plugin "plugin-{failing}" failed in the stage "step" (')


def test_no_plugin_is_named_without_a_traceback():
    assert attributed(KeyError("x"), manager_of(answering("step", "yes"))) is None


def test_stages_use_the_plugins_that_were_registered_when_they_were_created():
    manager: pluggy.PluginManager = manager_of(answering("step", "first"))
    stages = Dispatcher(manager)
    manager.register(answering("step", "second"), "late")
    assert call(stages, "step") == "first"
    assert call(Dispatcher(manager), "step") == "second"


def test_a_limited_callback_always_runs_in_the_final_evaluation():
    class Epoch:
        epoch, step, is_trained = 3, 7, False

    class End(Epoch):
        is_trained = True

    class Noting:
        @hookimpl(wrapper=True)
        def evaluate(self, run, split):
            seen.append((run, split))
            return (yield)

    seen = []
    manager = manager_of(Noting(), answering("evaluate", {}))
    stages = Dispatcher(manager, {"plugin-0": (0, CallbackSpec(every=2))})
    for run, split in ((Epoch, "validation"), (End, "validation"), (End, "test")):
        stages.evaluate(run=run, model=1, criterion=2, batches=3, split=split)
    assert seen == [(End, "validation"), (End, "test")]


class Noting:
    """Records the calls of a stage, from outside to inside."""

    def __init__(self, name):
        self.name = name

    @hookimpl(wrapper=True)
    def step(self):
        return [self.name, *(yield)]


class Twice(Noting):
    """Calls its stage again inside itself."""

    @hookimpl(wrapper=True)
    def step(self, run, optimizer, closure):
        other = stages_of_run[run].inside(self, "step")(run=run, optimizer=optimizer, closure=closure)
        return [self.name, *(yield), other]


stages_of_run = {}


def test_a_wrapper_can_call_its_stage_again_inside_itself():
    outer, inner = Twice("b"), Twice("c")
    stages_of_run["run"] = stages_of(Noting("a"), outer, inner, Noting("d"), answering("step", ["e"]))
    once = ["c", "d", "e", ["d", "e"]]
    assert call(stages_of_run["run"], "step") == ["a", "b", *once, once]
    assert stages_of_run["run"].inside(outer, "step") is stages_of_run["run"].inside(outer, "step")


def test_inside_the_only_wrapper_the_implementation_is_called_directly():
    wrapping = Wrapping()
    manager = new_manager()
    manager.register(inner_loop, "hookline_stages")
    manager.register(wrapping, "wrapping")
    assert Dispatcher(manager).inside(wrapping, "step") is inner_loop.step


def test_limits_also_hold_inside_a_wrapper():
    class Run:
        epoch, step, is_trained = 1, 0, False

    one, two = Noting("a"), Noting("b")
    manager = manager_of(one, two, Noting("c"), answering("step", ["d"]))
    limits = {"plugin-1": (1, CallbackSpec(every=2)), "plugin-2": (2, CallbackSpec(first=2))}
    inside, answers = Dispatcher(manager, limits).inside(one, "step"), []
    for number in range(4):
        Run.step = number
        answers.append(inside(run=Run, optimizer=1, closure=2))
    assert answers == [["d"], ["b", "c", "d"], ["c", "d"], ["b", "c", "d"]]


def test_an_unhashable_plugin_can_be_omitted():
    class Unhashable(Noting):
        __hash__ = None

    one, two = Unhashable("a"), Unhashable("b")
    manager = manager_of(one, two, answering("step", ["c"]))

    class Run:
        epoch, step, is_trained = 1, 0, False

    limited = Dispatcher(manager, {"plugin-1": (1, CallbackSpec(first=2))})
    assert call(limited, "step", Run) == ["a", "c"]
    assert call(Dispatcher(manager), "step") == ["a", "b", "c"]
    assert Dispatcher(manager).inside(one, "step")(run=1, optimizer=2, closure=3) == ["b", "c"]


def test_a_plugin_without_a_stage_cannot_call_inside_it():
    wrapping = Wrapping()
    with pytest.raises(StageError) as raised:
        stages_of(wrapping, answering("step", [])).inside(wrapping, "log")
    assert str(raised.value) == 'Wrapping does not implement the stage "log": there is no stage inside it.'


@pytest.mark.parametrize("stage", ["forward", "loss", "backward", "step"])
def test_the_loop_calls_an_unwrapped_built_in_answer_directly(stage):
    manager = new_manager()
    manager.register(inner_loop, "hookline_stages")
    assert getattr(Dispatcher(manager), stage) is getattr(inner_loop, stage)


def leave(run):
    raise SystemExit(0)


def stop_iteration(run):
    return next(iter(()))


@pytest.mark.parametrize(("fault", "reported"), [(leave, "SystemExit: 0"), (stop_iteration, "StopIteration")])
def test_exit_and_stop_iteration_in_a_plugin_are_failures(fault, reported):
    stages = stages_of(answering("step", fault))
    with pytest.raises(StageError) as error, naming_plugins(stages.manager):
        call(stages, "step")
    line = fault.__code__.co_firstlineno + 1
    assert str(error.value) == f'The plugin "plugin-0" failed in the stage "step" ({__file__}, line {line}): {reported}'


@pytest.mark.parametrize(("fault", "reported"), [(leave, "SystemExit: 0"), (stop_iteration, "StopIteration")])
@pytest.mark.parametrize("when", ["before", "after"])
def test_exit_and_stop_iteration_in_a_wrapper_are_failures(fault, reported, when):
    class Wrapper:
        @hookimpl(wrapper=True)
        def step(self, run):
            if when == "before":
                fault(run)
            yield
            fault(run)

    stages = stages_of(Wrapper(), answering("step", "yes"))
    with pytest.raises(StageError) as error, naming_plugins(stages.manager):
        call(stages, "step")
    line = fault.__code__.co_firstlineno + 1
    assert str(error.value) == f'The plugin "plugin-0" failed in the stage "step" ({__file__}, line {line}): {reported}'


@pytest.mark.parametrize(("yields", "did"), [(0, "it returned without a `yield`"), (2, "it yielded a second time")])
def test_a_wrapper_that_does_not_yield_once_is_named(yields, did):
    class Wrapper:
        @hookimpl(wrapper=True)
        def step(self):
            for _ in range(yields):
                yield

    stages = stages_of(Wrapper(), answering("step", "yes"))
    with pytest.raises(StageError) as error, naming_plugins(stages.manager):
        call(stages, "step")
    line = Wrapper.step.__code__.co_firstlineno
    assert str(error.value) == (
        f'The plugin "plugin-0" failed in the stage "step" ({__file__}, line {line}): a wrapper must yield once, but {did}.'
    )
