import importlib
from types import ModuleType, SimpleNamespace

import pytest
from torch import nn

from hookline import hookimpl
from hookline.errors import PluginError, StageError
from hookline.plugins.manager import BUILT_IN, Plugins, built
from hookline.plugins.origin import Origin
from hookline.plugins.registration import new_manager, register
from hookline.plugins.stages import HOOKS, STAGES
from hookline.spec import CallbackSpec, LossSpec, spec
from hookline.spec.lint.lint import misdeclared, misnamed
from hookline_callbacks.progress import Progress

MARKED = "from hookline import hookimpl\n\n@hookimpl(wrapper=True)\ndef step(run):\n    return (yield)\n"


@spec
class FocalLoss(LossSpec):
    """A loss."""


class Focal:
    @hookimpl
    def register_specs(self):
        return [FocalLoss]


class Asked:
    def __init__(self, name, order):
        self.name, self.order = name, order

    @hookimpl
    def select_loss(self):
        self.order.append(self.name)


class First(Asked):
    pass


def names_of(manager, stage):
    return [found.plugin_name for found in reversed(getattr(manager.hook, stage).get_hookimpls())]


# Order.


def test_every_stage_has_a_built_in_answer():
    manager = Plugins().manager()
    assert {stage: names_of(manager, stage) for stage in STAGES} == {stage: ["hookline_stages"] for stage in STAGES}


def test_built_in_plugins_with_more_than_components_are_registered_like_any_other():
    plugins = Plugins()
    registered = [name for name, _ in plugins.manager().list_name_plugin()]
    hooks = {name: set(vars(importlib.import_module(name))) & set(HOOKS) for name in BUILT_IN}
    assert sorted(registered) == sorted(name for name in BUILT_IN if hooks[name] - {"register_specs"})
    assert [origin.name for origin, _ in plugins.all()] == list(reversed(BUILT_IN))


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_hooks_of_a_built_in_plugin_fit_which_is_not_checked_when_it_is_loaded(name):
    register(new_manager(), Origin(name), importlib.import_module(name))


def test_the_first_plugin_is_called_first_and_the_built_in_one_last():
    order = []
    manager = Plugins(extra=[First("a", order), Asked("b", order)]).manager([("c", Asked("c", order))])
    criterion = nn.Identity()
    run = SimpleNamespace(objective=SimpleNamespace(build=lambda data: criterion), device="cpu")
    assert manager.hook.select_loss(run=run, data=None) is criterion
    assert order == ["a", "b", "c"]
    assert names_of(manager, "select_loss") == ["First", "Asked", "c", "hookline_stages"]


def test_each_run_has_its_own_manager():
    plugins = Plugins()
    assert plugins.manager() is not plugins.manager()


# Names.


def test_plugins_are_named_after_their_module_or_type():
    some_module = ModuleType("some_module")
    some_module.log = hookimpl(lambda record: record)
    manager = Plugins(extra=[some_module, First("a", [])]).manager()
    registered = [name for name, _ in manager.list_name_plugin() if name not in BUILT_IN]
    assert sorted(registered) == ["First", "some_module"]
    assert names_of(manager, "select_loss") == ["First", "hookline_stages"]


def test_a_class_instead_of_an_object_is_reported():
    with pytest.raises(PluginError) as error:
        Plugins(extra=[First])
    assert str(error.value) == "First is a class, but a plugin is a module or an object, such as First()."


def test_a_second_plugin_of_a_kind_is_numbered():
    manager = Plugins(extra=[Asked("a", []), Asked("b", []), First("c", []), Asked("d", [])]).manager()
    assert names_of(manager, "select_loss") == ["Asked", "Asked (2)", "First", "Asked (3)", "hookline_stages"]


def test_callbacks_are_named_by_their_place_in_the_spec():
    @spec
    class Watching(CallbackSpec):
        """A callback."""

    made = Watching()
    assert built([made, made]) == [("callbacks[0] Watching", made), ("callbacks[1] Watching", made)]


# Components.


def test_a_plugin_registers_components():
    catalog = Plugins(extra=[Focal()]).catalog
    assert catalog.find(LossSpec, "FocalLoss") is FocalLoss
    assert catalog.plugin(FocalLoss).name == "Focal"


def test_built_in_components_belong_to_built_in_plugins():
    catalog = Plugins().catalog
    assert {catalog.plugin(kind).name for kind in catalog} <= set(BUILT_IN)
    assert catalog.plugin(catalog.find(LossSpec, "MSELoss")).name == "hookline_losses"


def test_built_in_components_follow_the_rules_of_declarations():
    kinds = list(Plugins().catalog)
    assert len(kinds) > 200
    assert [problem for kind in kinds if (problem := misdeclared(kind) or misnamed(kind))] == []


def test_a_duplicate_name_is_rejected_when_it_is_used():
    taken = spec(type("MSELoss", (LossSpec,), {"__doc__": "A loss."}))

    class Taking:
        @hookimpl
        def register_specs(self):
            return [taken]

    catalog = Plugins(extra=[Taking()]).catalog
    assert catalog.find(LossSpec, "L1Loss")
    with pytest.raises(ValueError, match='"Taking" each have a loss named MSELoss: write "hookline_losses:MSELoss" or'):
        catalog.find(LossSpec, "MSELoss")
    assert catalog.find(LossSpec, "Taking:MSELoss") is taken


@pytest.mark.parametrize("answer", [None, 3, LossSpec])
def test_a_plugin_that_registers_no_classes_is_reported(answer):
    class Bringing:
        @hookimpl
        def register_specs(self):
            return answer

    with pytest.raises(PluginError, match=r'^The plugin "Bringing" '):
        Plugins(extra=[Bringing()])


def test_a_plugin_that_fails_to_register_its_classes_is_reported():
    class Failing:
        @hookimpl
        def register_specs(self):
            raise KeyError("lost")

    with pytest.raises(PluginError, match=r'^The plugin "Failing" .*lost'):
        Plugins(extra=[Failing()])


# Errors.


def plugin_with(name, arguments="self", *, body="return (yield)", wrapper=True):
    scope = {"hookimpl": hookimpl}
    text = f"class Plugin:\n  @hookimpl(wrapper={wrapper})\n  def {name}({arguments}):\n    {body}\n"
    exec(text, scope)  # noqa: S102
    return scope["Plugin"]()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("stepp", "step"), ("prepare_dat", "prepare_data"), ("register_spec", "register_specs"), ("Forward", "forward")],
)
def test_a_misspelled_hook_is_reported_with_the_nearest_stage(name, nearest):
    with pytest.raises(PluginError) as error:
        Plugins(extra=[plugin_with(name)])
    assert str(error.value) == (
        f'The plugin "Plugin" implements "{name}", which is not a stage (<string>, line 2). Did you mean "{nearest}"?'
    )


def test_a_hook_with_an_unknown_argument_is_reported():
    with pytest.raises(PluginError) as error:
        Plugins(extra=[plugin_with("step", "self, run, modle")])
    reported = str(error.value)
    assert reported.startswith('The plugin "Plugin" has a hook that does not fit. ')
    assert reported.endswith(
        'line 2: "step" takes "modle", which this stage does not have. Available: "closure", "optimizer" and "run".'
    )


def test_a_wrapper_without_a_yield_is_reported():
    with pytest.raises(PluginError) as error:
        Plugins(extra=[plugin_with("step", body="return True")])
    reported = str(error.value)
    assert reported.startswith('The plugin "Plugin" has a hook that does not fit. ')
    assert reported.endswith('line 2: "step" is marked as a wrapper but has no `yield`.')


@pytest.mark.parametrize("name", STAGES)
def test_a_generator_that_is_not_marked_as_a_wrapper_is_reported(name):
    with pytest.raises(PluginError) as error:
        Plugins(extra=[plugin_with(name, wrapper=False)])
    assert str(error.value) == (
        'The plugin "Plugin" has a hook that does not fit. <string>, line 2: '
        f'"{name}" yields, so it is a wrapper: mark it with @hookimpl(wrapper=True).'
    )


def test_a_method_without_self_is_reported():
    with pytest.raises(PluginError) as error:
        Plugins(extra=[plugin_with("step", "run, optimizer")])
    assert str(error.value).endswith('line 2: "step" is a method, so its first argument must be `self`, not "run".')


def test_a_plugin_that_is_used_twice_is_reported():
    plugin = Asked("a", [])
    with pytest.raises(PluginError, match=r'^The plugin "Asked.*" is used twice'):
        Plugins(extra=[plugin, plugin]).manager()


def test_a_new_manager_knows_the_stages_and_no_plugin():
    manager = new_manager()
    assert manager.get_plugins() == set()
    assert [stage for stage in STAGES if not hasattr(manager.hook, stage)] == []


@pytest.mark.parametrize("nothing", [None, 3, ModuleType("empty")], ids=["None", "a number", "an empty module"])
def test_an_object_without_hooks_is_reported(nothing):
    with pytest.raises(PluginError, match="implements no hook: nothing in it is marked with @hookimpl"):
        Plugins(extra=[nothing])


def test_a_spec_is_not_a_plugin():
    with pytest.raises(PluginError) as error:
        Plugins(extra=[Progress()])
    assert str(error.value) == (
        "Progress(…) belongs in a spec: list it there among the callbacks, or pass `Progress(…).build()`."
    )


def test_an_object_instead_of_a_list_is_reported():
    with pytest.raises(PluginError) as error:
        Plugins(extra=Progress().build())
    assert str(error.value) == "`plugins` must be a list of modules and objects; write `[plugin]` for a single one."


def test_a_name_instead_of_an_object_is_reported():
    with pytest.raises(PluginError) as error:
        Plugins(extra=["focal"])
    reported = '"focal" is a string, but a plugin is a module or an object. List installed plugins in the spec.'
    assert str(error.value) == reported


def test_a_callback_that_cannot_be_built_is_reported():
    @spec
    class Broken(CallbackSpec):
        """A callback."""

        def build(self):
            raise KeyError("x")

    with pytest.raises(StageError) as error:
        built([Broken()])
    reported = str(error.value)
    assert reported.startswith(f"Broken cannot be built. {__file__}, line ")
    assert reported.endswith(": KeyError: 'x'")
    assert error.value.path == ("callbacks", 0)
