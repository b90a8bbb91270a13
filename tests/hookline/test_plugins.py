import importlib.metadata
import sys
from types import ModuleType, SimpleNamespace

import pytest

import hookline
from hookline import CallbackSpec, LossSpec, PluginError, hookimpl, spec
from hookline.plugins import BUILT_IN, Plugins, built, from_file, new_manager
from hookline.stages import STAGES

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


@pytest.fixture
def entry_point(monkeypatch):
    """Declares that a plugin is installed, as its distribution would, and notes when it is loaded."""
    points, loaded = [], []

    def install(name, plugin):
        def load():
            loaded.append(name)
            return plugin() if callable(plugin) else plugin

        points.append(SimpleNamespace(name=name, load=load))

    def entry_points(*, group):
        assert group == "hookline"
        return points

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    install.loaded = loaded
    return install


def written(tmp_path, text, name="mine.py"):
    path = tmp_path / name
    path.write_text(text)
    return path


def names_of(manager, stage):
    return [found.plugin_name for found in reversed(getattr(manager.hook, stage).get_hookimpls())]


# The order.


def test_every_stage_has_a_built_in_answer():
    manager = Plugins().manager()
    assert {stage: names_of(manager, stage) for stage in STAGES} == {stage: ["hookline_stages"] for stage in STAGES}


def test_built_in_plugins_are_registered_like_any_other():
    registered = [name for name, _ in Plugins().manager().list_name_plugin()]
    assert sorted(registered) == sorted(BUILT_IN)


def test_the_first_plugin_is_asked_first_and_the_built_in_one_last():
    order = []
    manager = Plugins(extra=[First("a", order), Asked("b", order)]).manager([("c", Asked("c", order))])
    criterion = SimpleNamespace(to=lambda device: "built in")
    run = SimpleNamespace(spec=SimpleNamespace(loss=SimpleNamespace(build=lambda data: criterion)), device="cpu")
    assert manager.hook.select_loss(run=run, data=None) == "built in"
    assert order == ["a", "b", "c"]
    assert names_of(manager, "select_loss") == ["First", "Asked", "c", "hookline_stages"]


def test_listed_plugins_stand_before_others(entry_point):
    entry_point("zebra", Asked("zebra", []))
    entry_point("ant", First("ant", []))
    manager = Plugins(["zebra", "ant"], [Asked("own", [])]).manager()
    assert names_of(manager, "select_loss") == ["zebra", "ant", "Asked", "hookline_stages"]


def test_each_run_has_a_manager_of_its_own():
    plugins = Plugins()
    assert plugins.manager() is not plugins.manager()


# Names.


def test_plugins_are_called_by_their_module_or_type():
    some_module = ModuleType("some_module")
    some_module.log = hookimpl(lambda record: record)
    manager = Plugins(extra=[some_module, First("a", [])]).manager()
    registered = [name for name, _ in manager.list_name_plugin() if name not in BUILT_IN]
    assert sorted(registered) == ["First", "some_module"]
    assert names_of(manager, "select_loss") == ["First", "hookline_stages"]


def test_a_class_in_place_of_an_object_is_told():
    with pytest.raises(PluginError) as error:
        Plugins(extra=[First])
    assert str(error.value) == "First is a class: a plugin is a module, or an object such as First()."


def test_a_second_plugin_of_a_kind_is_numbered():
    manager = Plugins(extra=[Asked("a", []), Asked("b", []), First("c", []), Asked("d", [])]).manager()
    assert names_of(manager, "select_loss") == ["Asked", "Asked (2)", "First", "Asked (3)", "hookline_stages"]


def test_callbacks_are_called_by_their_place_in_the_spec():
    @spec
    class Watching(CallbackSpec):
        """A callback."""

    made = Watching()
    assert built([made, made]) == [("callbacks[0] Watching", made), ("callbacks[1] Watching", made)]


# What they bring.


def test_a_plugin_brings_names():
    catalog = Plugins(extra=[Focal()]).catalog
    assert catalog.find(LossSpec, "FocalLoss") is FocalLoss
    assert catalog.plugin(FocalLoss) == "Focal"


def test_built_in_components_belong_to_built_in_plugins():
    catalog = Plugins().catalog
    assert {catalog.plugin(kind) for kind in catalog} <= set(BUILT_IN)
    assert catalog.plugin(catalog.find(LossSpec, "MSELoss")) == "hookline_losses"


def test_a_name_that_is_taken_is_refused_when_it_is_used():
    taken = spec(type("MSELoss", (LossSpec,), {"__doc__": "A loss."}))

    class Taking:
        @hookimpl
        def register_specs(self):
            return [taken]

    catalog = Plugins(extra=[Taking()]).catalog
    assert catalog.find(LossSpec, "L1Loss")
    with pytest.raises(PluginError) as error:
        catalog.find(LossSpec, "MSELoss")
    assert str(error.value) == 'The plugins "hookline_losses" and "Taking" both bring a loss that is called MSELoss.'


@pytest.mark.parametrize("answer", [None, 3, LossSpec])
def test_a_plugin_that_brings_no_classes_is_told(answer):
    class Bringing:
        @hookimpl
        def register_specs(self):
            return answer

    with pytest.raises(PluginError, match=r'^The plugin "Bringing" '):
        Plugins(extra=[Bringing()])


def test_a_plugin_that_fails_to_bring_its_classes_is_told():
    class Failing:
        @hookimpl
        def register_specs(self):
            raise KeyError("lost")

    with pytest.raises(PluginError, match=r'^The plugin "Failing" .*lost'):
        Plugins(extra=[Failing()])


# What does not fit.


def plugin_with(name, arguments="self", *, body="return (yield)", wrapper=True):
    scope = {"hookimpl": hookimpl}
    text = f"class Plugin:\n  @hookimpl(wrapper={wrapper})\n  def {name}({arguments}):\n    {body}\n"
    exec(text, scope)  # noqa: S102
    return scope["Plugin"]()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("stepp", "step"), ("prepare_dat", "prepare_data"), ("register_spec", "register_specs"), ("Forward", "forward")],
)
def test_a_hook_whose_name_is_misspelt_is_told_with_the_nearest_stage(name, nearest):
    with pytest.raises(PluginError) as error:
        Plugins(extra=[plugin_with(name)])
    assert str(error.value) == (
        f'The plugin "Plugin" implements "{name}", which is not a stage. Did you mean "{nearest}"?'
    )


def test_a_hook_with_an_argument_that_the_stage_does_not_have_is_told():
    with pytest.raises(PluginError) as error:
        Plugins(extra=[plugin_with("step", "self, run, modle")])
    told = str(error.value)
    assert told.startswith('The plugin "Plugin" has a hook that does not fit. ')
    assert told.endswith(
        'line 2: "step" takes "modle", which this stage does not give. Known are "closure", "optimizer" and "run".'
    )


def test_a_wrapper_without_a_yield_is_told():
    with pytest.raises(PluginError) as error:
        Plugins(extra=[plugin_with("step", body="return True")])
    told = str(error.value)
    assert told.startswith('The plugin "Plugin" has a hook that does not fit. ')
    assert told.endswith("function is not a generator function")


def test_a_plugin_that_is_used_twice_is_told():
    plugin = Asked("a", [])
    with pytest.raises(PluginError, match=r'^The plugin "Asked.*" is used twice'):
        Plugins(extra=[plugin, plugin]).manager()


# Installed ones.


def test_an_installed_plugin_that_is_listed_is_used(entry_point):
    entry_point("focal", Focal())
    assert Plugins(["focal"]).catalog.plugin(FocalLoss) == "focal"


def test_an_installed_plugin_that_is_not_listed_is_not_even_loaded(entry_point):
    entry_point("focal", Focal())
    entry_point("other", Asked("other", []))
    plugins = Plugins(["other"])
    assert entry_point.loaded == ["other"]
    assert FocalLoss not in list(plugins.catalog)


def test_installed_plugins_are_not_looked_for_if_none_is_listed(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: pytest.fail("looked for"))
    assert names_of(Plugins().manager(), "step") == ["hookline_stages"]


@pytest.mark.parametrize(
    ("listed", "rest"),
    [("focl", ' Did you mean "focal"?'), ("xyz", ' Known are "focal" and "other".')],
)
def test_a_listed_plugin_that_is_not_installed_is_told_with_the_nearest(entry_point, listed, rest):
    entry_point("focal", Focal())
    entry_point("other", Focal())
    with pytest.raises(PluginError) as error:
        Plugins([listed])
    assert str(error.value) == f'No plugin called "{listed}" is installed.{rest}'


def test_where_no_plugin_is_installed_at_all_it_is_told(entry_point):
    with pytest.raises(PluginError) as error:
        Plugins(["focal"])
    assert str(error.value) == 'No plugin called "focal" is installed. No plugin is installed.'
    assert entry_point.loaded == []


def test_an_installed_plugin_that_cannot_be_loaded_is_told(entry_point):
    def fail():
        raise ImportError("No module named 'nothing'")

    entry_point("broken", fail)
    with pytest.raises(PluginError) as error:
        Plugins(["broken"])
    assert str(error.value) == "The plugin \"broken\" cannot be loaded: ImportError: No module named 'nothing'"


def test_a_plugin_that_is_listed_twice_is_told(entry_point):
    entry_point("other", Asked("a", []))
    with pytest.raises(PluginError) as error:
        Plugins(["other", "other"]).manager()
    assert str(error.value) == 'The plugin "other" is used twice.'


# A person's own file.


def test_a_file_is_a_plugin_that_is_called_as_the_file(tmp_path):
    module = from_file(written(tmp_path, MARKED))
    assert names_of(Plugins(extra=[module]).manager(), "step") == ["mine", "hookline_stages"]


def test_a_file_brings_names(tmp_path):
    text = (
        "from hookline import LossSpec, hookimpl, option, spec\n\n"
        "@spec\nclass Mine(LossSpec):\n    '''A loss.'''\n\n    gamma: float = option(default=2.0)\n\n"
        "@hookimpl\ndef register_specs():\n    return [Mine]\n"
    )
    module = from_file(written(tmp_path, text))
    table = {
        "data": {"type": "Random", "features": 2, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "Mine", "gamma": 3},
        "optimizer": {"type": "SGD"},
    }
    assert hookline.load(table, plugins=[module]).loss == module.Mine(gamma=3.0)


def test_two_files_of_one_name_are_two_plugins(tmp_path):
    (tmp_path / "other").mkdir()
    one, two = from_file(written(tmp_path, MARKED)), from_file(written(tmp_path / "other", MARKED))
    assert one is not two
    assert names_of(Plugins(extra=[one, two]).manager(), "step") == ["mine", "mine (2)", "hookline_stages"]


def test_a_file_does_not_take_the_place_of_a_module_of_its_name(tmp_path):
    import json

    from_file(written(tmp_path, MARKED, "json.py"))
    assert sys.modules["json"] is json


@pytest.mark.parametrize("given", ["absolute", "relative"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\ndef f(:\n", "line 2: invalid syntax."),
        ("x = 1\n\n1 / 0\n", "line 3: ZeroDivisionError: division by zero"),
        ("def f():\n    raise KeyError('x')\n\nf()\n", "line 2: KeyError: 'x'"),
        ("import hookline\nimport nothing_like_it\n", "line 2: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("from hookline import hookimp\n", "line 1: ImportError: cannot import name 'hookimp' from 'hookline'"),
        ("import json\n\njson.loads('x')\n", "line 3: JSONDecodeError: Expecting value"),
        ("def f():\n    pass\n", "Nothing in this file is marked with @hookimpl."),
        ("", "Nothing in this file is marked with @hookimpl."),
        ("from hookline import hookimpl\n", "Nothing in this file is marked with @hookimpl."),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_the_line(tmp_path, monkeypatch, text, problem, given):
    path = written(tmp_path, text)
    if given == "relative":
        monkeypatch.chdir(tmp_path)
        path = path.name
    with pytest.raises(PluginError) as error:
        from_file(path)
    assert str(error.value).startswith(f"{path}: {problem}")


def test_a_stage_in_a_file_that_is_not_marked_is_told_though_others_are(tmp_path):
    path = written(tmp_path, f"{MARKED}\n\ndef forward(run):\n    pass\n")
    with pytest.raises(PluginError) as error:
        from_file(path)
    assert str(error.value) == f'{path}, line 8: "forward" is the name of a stage; mark the function with @hookimpl.'


def test_a_function_that_a_file_imports_is_not_taken_for_a_stage(tmp_path):
    path = written(tmp_path, f"from copy import copy as forward\n{MARKED}")
    assert from_file(path).__name__ == "hookline_file_mine"


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(PluginError) as error:
        from_file(tmp_path / "none.py")
    assert str(error.value) == f"{tmp_path / 'none.py'}: There is no such file."


def test_a_file_that_is_not_python_is_told(tmp_path):
    path = written(tmp_path, MARKED, "mine.txt")
    with pytest.raises(PluginError) as error:
        from_file(path)
    assert str(error.value) == f"{path}: A plugin is a Python file, whose name ends in .py."


def test_a_file_that_hookline_refuses_on_purpose_is_told_as_it_says(tmp_path):
    path = written(tmp_path, "from hookline import HooklineError\n\nraise HooklineError('Not on Mondays.')\n")
    with pytest.raises(hookline.HooklineError, match=r"^Not on Mondays\.$"):
        from_file(path)


def test_a_new_manager_knows_the_stages_and_no_plugin():
    manager = new_manager()
    assert manager.get_plugins() == set()
    assert [stage for stage in STAGES if not hasattr(manager.hook, stage)] == []


@pytest.mark.parametrize("nothing", [None, 3, ModuleType("empty")], ids=["None", "a number", "an empty module"])
def test_what_implements_no_hook_is_told(nothing):
    with pytest.raises(PluginError, match="implements no hook: nothing in it is marked with @hookimpl"):
        Plugins(extra=[nothing])


def test_a_name_in_place_of_an_object_is_told():
    with pytest.raises(PluginError) as error:
        Plugins(extra=["focal"])
    told = '"focal" is a string: a plugin is a module or an object. Specs list installed ones.'
    assert str(error.value) == told


def test_a_callback_that_cannot_be_built_is_told():
    @spec
    class Broken(CallbackSpec):
        """A callback."""

        def build(self):
            raise KeyError("x")

    with pytest.raises(PluginError) as error:
        built([Broken()])
    assert str(error.value) == "callbacks[0] Broken cannot be built: KeyError: 'x'"


def test_a_file_may_import_its_neighbours(tmp_path):
    (tmp_path / "neighbour_of_it.py").write_text("RATE = 3\n")
    (tmp_path / "it.py").write_text(
        "from neighbour_of_it import RATE\nfrom hookline import hookimpl\n\n@hookimpl\ndef tune(): return None\n"
    )
    assert from_file(tmp_path / "it.py").RATE == 3
