"""Short forms of callbacks for scripts: call a function before or after a stage."""

import functools
import inspect
from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

from hookline.errors.exceptions import PluginError
from hookline.errors.suggestions import did_you_mean
from hookline.plugins import stages
from hookline.plugins.stages import hookimpl


def before(stage: str, function: Callable[..., Any]) -> object:
    """A callback that calls a function before each call of a stage.

    Args:
        stage: the name of the stage, such as "step".
        function: takes the arguments of the stage that it needs, by name. Its return value is ignored.

    Raises:
        PluginError: if there is no such stage, or if the function takes an argument that the stage does not have.

    >>> import hookline
    >>> seen = []
    >>> look = hookline.before("step", lambda run: seen.append(run.step))
    >>> spec = hookline.load("specs/iris.toml", ["run.epochs=1"])
    >>> trial = hookline.train(spec, plugins=[look], out=getfixture("tmp_path") / "iris")
    >>> seen
    [0, 1, 2, 3, 4, 5]

    """
    return _callback(stage, function, is_after=False)


def after(stage: str, function: Callable[..., Any]) -> object:
    """A callback that calls a function after each call of a stage.

    Args:
        stage: the name of the stage, such as "evaluate".
        function: takes the arguments of the stage that it needs, by name, and the `answer` if it needs it. Its return
            value is ignored: the answer does not change.

    Raises:
        PluginError: if there is no such stage, or if the function takes an argument that the stage does not have.

    >>> import hookline
    >>> seen = []
    >>> look = hookline.after("evaluate", lambda split, answer: seen.append(split))
    >>> spec = hookline.load("specs/iris.toml", ["run.epochs=1"])
    >>> trial = hookline.train(spec, plugins=[look], out=getfixture("tmp_path") / "iris")
    >>> seen
    ['validation', 'test', 'training']

    """
    return _callback(stage, function, is_after=True)


def _callback(stage: str, function: Callable[..., Any], *, is_after: bool) -> object:
    form = f"hookline.{'after' if is_after else 'before'}"
    if stage not in stages.STAGES:
        raise PluginError(f'{form}: There is no stage called "{stage}".{did_you_mean(stage, stages.STAGES)}')
    declared = getattr(stages.Stages, stage)
    names = list(inspect.signature(declared).parameters)[1:]
    taken = _taken(form, stage, function, [*names, "answer"] if is_after else names)

    @hookimpl(wrapper=True)
    @functools.wraps(declared)  # pluggy reads the arguments of the wrapped function.
    def wrapper(*values: Any) -> Generator[None, Any, Any]:
        known = dict(zip(names, values, strict=True))
        if not is_after:
            function(**{name: known[name] for name in taken})
        known["answer"] = yield
        if is_after:
            function(**{name: known[name] for name in taken})
        return known["answer"]

    marked: Any = wrapper
    # Each has its own code object, so that an error names the right function and line.
    marked.__code__ = marked.__code__.replace(co_name=f"{form}({stage})")
    marked.__hookline_file__ = getattr(getattr(function, "__code__", None), "co_filename", None)
    called = getattr(function, "__name__", type(function).__name__)
    name = f"{form}({stage}, {called})"
    return SimpleNamespace(**{stage: marked, "__hookline_name__": name, "__hookline_function__": function})


def _taken(form: str, stage: str, function: Callable[..., Any], known: list[str]) -> list[str]:
    """The names of the arguments that a function takes; all arguments if it takes `**`."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return known
    for parameter in parameters:
        is_wanted = parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
        if parameter.name not in known and is_wanted:
            message = f'{form}: The function takes "{parameter.name}", but the stage "{stage}" has no such argument.'
            raise PluginError(message + did_you_mean(parameter.name, known))
    return [parameter.name for parameter in parameters if parameter.name in known]
