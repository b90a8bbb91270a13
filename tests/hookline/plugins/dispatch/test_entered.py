import pytest

from hookline import hookimpl
from hookline.plugins.dispatch.attribution import implementations
from hookline.plugins.dispatch.entered import Entered
from hookline.plugins.registration import new_manager


def wrapper(name, events, *, on_error=None, adds=0):
    class Wrapper:
        @hookimpl(wrapper=True)
        def step(self, run):
            events.append(f"{name} before {run}")
            try:
                answer = yield
            except ValueError as error:
                events.append(f"{name} {error}")
                if on_error is None:
                    raise
                return on_error
            events.append(f"{name} after {answer}")
            return answer + adds

    return Wrapper()


def entered(*plugins):
    manager = new_manager()
    for plugin in reversed(plugins):
        manager.register(plugin)
    return Entered(implementations(manager, "step"), {"run": "it", "optimizer": None, "closure": None})


def test_wrappers_run_as_pluggy_runs_them():
    events = []
    begun = entered(wrapper("outer", events, adds=10), wrapper("inner", events, adds=1))
    assert events == ["outer before it", "inner before it"]
    assert begun.answered(100) == 111
    assert events[2:] == ["inner after 100", "outer after 101"]


def test_an_error_is_raised_at_each_yield_until_a_wrapper_handles_it():
    events = []
    begun = entered(wrapper("outer", events), wrapper("middle", events, on_error=5), wrapper("inner", events))
    assert begun.raised(ValueError("wrong")) == 5
    assert events[3:] == ["inner wrong", "middle wrong", "outer after 5"]
    with pytest.raises(ValueError, match="wrong"):
        entered(wrapper("only", events)).raised(ValueError("wrong"))


def test_an_error_before_a_yield_ends_the_wrappers_outside():
    events = []

    class Fails:
        @hookimpl(wrapper=True)
        def step(self):
            raise ValueError("early")
            yield

    with pytest.raises(ValueError, match="early"):
        entered(wrapper("outer", events), Fails())
    assert events == ["outer before it", "outer early"]
