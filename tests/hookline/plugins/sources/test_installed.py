import importlib
import random
import sys
from importlib.metadata import version

import pytest
from exhaustive import EXHAUSTIVE

from hookline.check.load import Loader
from hookline.check.toml.document import from_table
from hookline.errors import PluginError
from hookline.plugins.manager import BUILT_IN, Plugins
from hookline.plugins.sources.entry_points import entry_points
from hookline.plugins.sources.installed import InstalledPlugins, parse_listed
from hookline.plugins.stages import STAGES
from hookline.runs.plan.used_plugins import implementations
from hookline.spec import LossSpec
from hookline.training.run_setup import new_run

FOCAL = """\
from hookline import hookimpl
from hookline.spec import LossSpec, option, spec


@spec
class FocalLoss(LossSpec):
    '''A loss.'''

    gamma: float = option(default=2.0, minimum=0)
    '''How fast.'''


@hookimpl
def register_specs():
    return [FocalLoss]
"""
SPEC = {
    "data": {"type": "Random", "features": 2, "targets": [0, 1]},
    "model": {"type": "Linear", "out_features": 1},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD"},
    "callbacks": [{"type": "GradientNorm"}, {"type": "GradientClipping", "max_norm": 1.0}],
}
WRAPPER = "from hookline import hookimpl\n\n@hookimpl(wrapper=True)\ndef select_loss(run):\n    return (yield)\n"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Write a module and the metadata of its distribution to a directory in `sys.path`, as pip does."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def install(name, source=FOCAL, *, version="1.2", distribution=None, value=None, requires=()):
        distribution = distribution or f"hookline-{name}"
        module = distribution.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source)
        metadata = tmp_path / f"{module}-{version}.dist-info"
        metadata.mkdir()
        required = "".join(f"Requires-Dist: {one}\n" for one in requires)
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {distribution}\nVersion: {version}\n{required}\nName: no\n"
        )
        (metadata / "entry_points.txt").write_text(
            f"[console_scripts]\nx = y:z\n\n[hookline]\n# a comment\n{name} = {value or module}\n\n[other]\na = b\n"
        )
        made.append(module)
        importlib.invalidate_caches()
        return tmp_path / f"{module}.py"

    yield install
    for module in made:
        sys.modules.pop(module, None)


def names_of(manager, stage):
    return [found.plugin_name for found in reversed(getattr(manager.hook, stage).get_hookimpls())]


def test_a_listed_installed_plugin_is_used(install):
    install("focal")
    catalog = Plugins(["focal"]).catalog
    origin = catalog.plugin(catalog.find(LossSpec, "FocalLoss"))
    assert (origin.name, origin.distribution, origin.version) == ("focal", "hookline-focal", "1.2")
    assert str(origin) == '"focal" (hookline-focal 1.2)'


def test_unusable_plugins_are_skipped_in_one_pass(install):
    install("focal")
    install("broken", "from hookline import hookimpl\n\n@hookimpl\ndef register_specs():\n    return [1 / 0]\n")
    install("failing", "1 / 0\n")
    listed = ["none", "broken", "focal", "failing", "none"]
    unusable = []
    plugins = Plugins(listed, unusable=unusable)
    assert [error.listed for error in unusable] == ["none", "failing", "none", "broken"]
    assert [origin.name for origin, _ in plugins.added] == ["focal"]
    assert plugins.catalog.find(LossSpec, "FocalLoss").__name__ == "FocalLoss"
    with pytest.raises(PluginError, match='No plugin named "none" is installed'):
        Plugins(listed)


def test_all_unusable_plugins_are_reported_and_loaded_once(install, monkeypatch):
    install("broken", "from hookline import hookimpl\n\n@hookimpl\ndef register_specs():\n    return [1 / 0]\n")
    loaded = []

    class Counted(Plugins):
        def __init__(self, *arguments):
            loaded.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr("hookline.check.load.Plugins", Counted)
    problems = Loader().check(from_table({"plugins": ["none", "broken", "none"]}))
    reported = [(problem.path, problem.message[:19]) for problem in problems if problem.path[0] == "plugins"]
    assert sorted(reported) == [
        (("plugins", 0), 'No plugin named "no'),
        (("plugins", 1), 'The plugin "broken"'),
        (("plugins", 2), 'No plugin named "no'),
    ]
    assert len(loaded) == 1


def test_an_unlisted_installed_plugin_is_not_imported(install):
    install("focal")
    install("other", WRAPPER)
    names = [kind.__name__ for kind in Plugins(["other"]).catalog]
    assert "FocalLoss" not in names
    assert "hookline_other" in sys.modules
    assert "hookline_focal" not in sys.modules


def test_installed_plugins_are_not_searched_if_none_is_listed(monkeypatch):
    monkeypatch.setattr("hookline.plugins.sources.installed.entry_points", lambda: pytest.fail("looked for"))
    assert names_of(Plugins().manager(), "step") == ["hookline_stages"]


def test_listed_plugins_come_first_in_their_order(install):
    install("zebra", WRAPPER)
    install("ant", WRAPPER)
    own = type(sys)("own")
    exec(WRAPPER, vars(own))  # noqa: S102
    manager = Plugins(["zebra", "ant"], [own]).manager()
    assert names_of(manager, "select_loss") == ["zebra", "ant", "own", "hookline_stages"]


ANSWERING = "from hookline import hookimpl\n\n@hookimpl\ndef select_loss(run):\n    return None\n"


def calls_of(listed, spec):
    """The plugins of each stage, in calling order, as in the plan of a run."""
    with new_run(spec, Plugins(listed)) as run:
        return tuple((stage, *implementations(run, stage)) for stage in STAGES)


@pytest.mark.parametrize("orders", [50, pytest.param(1000, marks=EXHAUSTIVE)])
def test_random_orders_of_registration_give_one_plan(install, monkeypatch, orders):
    names = ["ant", "bee", "cat", "dog", "eel"]
    for name in names:
        install(name, ANSWERING if name in ("bee", "eel") else WRAPPER)
    spec = Loader().load(from_table(SPEC))
    found = list(entry_points())
    draw = random.Random(0)  # noqa: S311
    plans = set()
    for _ in range(orders):
        monkeypatch.setattr("hookline.plugins.sources.installed.entry_points", lambda: draw.sample(found, len(found)))
        monkeypatch.setattr("hookline.plugins.manager.BUILT_IN", tuple(draw.sample(BUILT_IN, len(BUILT_IN))))
        plans.add(calls_of(names, spec))
    [plan] = plans
    said = {stage: [call.plugin.split()[0] for call in calls] for stage, *calls in plan}
    assert said["select_loss"] == ["ant", "cat", "dog", "bee", "eel", "hookline_stages"]
    assert said["step"] == ["callbacks[0]", "callbacks[1]", "hookline_stages"]
    # Only the order in the spec matters.
    assert calls_of(names[::-1], spec) != plan


@pytest.mark.parametrize(
    ("listed", "rest"),
    [("focl", ' Did you mean "focal"?'), ("xyz", ' Available: "focal" and "other".')],
)
def test_a_missing_plugin_is_reported_with_a_suggestion(install, listed, rest):
    install("focal")
    install("other")
    with pytest.raises(PluginError) as error:
        Plugins([listed])
    assert str(error.value) == f'No plugin named "{listed}" is installed.{rest}'


def test_that_no_plugins_are_installed_is_reported():
    with pytest.raises(PluginError) as error:
        Plugins(["focal"])
    assert str(error.value) == 'No plugin named "focal" is installed. No plugins are installed.'


@pytest.mark.parametrize("listed", ["focal", "focal>=1.2", "focal == 1.2", "focal~=1.0,!=1.1", " focal<2 ", "focal>1"])
def test_matching_versions_are_accepted(install, listed):
    install("focal")
    assert Plugins([listed]).catalog.find(LossSpec, "FocalLoss").__name__ == "FocalLoss"


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("focal>=2", "hookline-focal 1.2 is installed, but the spec requires >=2."),
        ("focal==1.2.1", "hookline-focal 1.2 is installed, but the spec requires ==1.2.1."),
        ("focal 1.2", '"1.2" is not a version specifier: write it as in "focal>=1.2" or "focal~=1.2".'),
        (">=1.2", '">=1.2" is not the name of a plugin, such as "focal" or "focal>=1.2".'),
        ("", '"" is not the name of a plugin, such as "focal" or "focal>=1.2".'),
    ],
)
def test_other_versions_are_reported(install, listed, message):
    install("focal")
    with pytest.raises(PluginError) as error:
        Plugins([listed])
    assert str(error.value) == message
    assert error.value.listed == listed


def test_the_version_of_a_plugin_without_a_specifier_is_not_read(install):
    install("focal", version="0.dev0+local")
    assert Plugins(["focal"]).all()[0][0].version == "0.dev0+local"


def test_two_distributions_with_the_same_plugin_name_are_reported(install):
    install("focal")
    install("focal", distribution="other-focal", version="3")
    with pytest.raises(PluginError) as error:
        Plugins(["focal"])
    assert str(error.value) == (
        'Several plugins named "focal" are installed: hookline-focal 1.2 and other-focal 3. Uninstall all but one.'
    )


def test_components_with_the_same_name_are_distinguished_by_their_plugins(install):
    install("focal")
    install("sharp")
    catalog = Plugins(["focal", "sharp"]).catalog
    with pytest.raises(ValueError, match="each have a loss") as error:
        catalog.find(LossSpec, "FocalLoss")
    assert str(error.value) == (
        'The plugins "focal" (hookline-focal 1.2) and "sharp" (hookline-sharp 1.2) each have a loss named FocalLoss: write '
        '"focal:FocalLoss" or "sharp:FocalLoss".'
    )
    assert catalog.find(LossSpec, "sharp:FocalLoss").__module__ == "hookline_sharp"


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("import hookline\nimport nothing_like_it\n", 2, "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("x = 1\ny = 1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("x = 1\n\ndef f(:\n", 3, "invalid syntax."),
        ("raise SystemExit(3)\n", 1, "SystemExit: 3"),
    ],
)
def test_an_installed_plugin_that_cannot_be_imported_is_reported_with_its_line(install, source, line, what):
    path = install("broken", source)
    with pytest.raises(PluginError) as error:
        Plugins(["broken"])
    assert str(error.value) == (
        f'The plugin "broken" (hookline-broken 1.2) cannot be imported. {path}, line {line}: {what}'
    )


def test_a_missing_module_is_reported(install):
    install("focal", value="hookline_foccal")
    with pytest.raises(PluginError) as error:
        Plugins(["focal"])
    assert str(error.value) == (
        'The plugin "focal" (hookline-focal 1.2) cannot be imported. ModuleNotFoundError: No module named '
        "'hookline_foccal'"
    )


def test_an_entry_point_can_name_an_object_in_a_module(install):
    install(
        "focal",
        f"class Inner:\n    pass\n\n{FOCAL}\nplugin = Inner()\nplugin.register_specs = register_specs\n",
        value="hookline_focal:plugin",
    )
    assert Plugins(["focal"]).catalog.find(LossSpec, "FocalLoss").__module__ == "hookline_focal"


DECLARED = "from hookline import hookimpl; from hookline.spec import LossSpec, option, spec\nimport torch\n\n{}\n\n@hookimpl\ndef register_specs():\n    return [Focal]\n"


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        (
            "@spec\nclass Focal(LossSpec):\n    pass",
            4,
            "registers Focal, which has no docstring; describe the component in a sentence.",
        ),
        (
            "class Focal(LossSpec):\n    '''A loss.'''",
            4,
            "registers Focal, which is not decorated with @spec, so its options would be ignored; add @spec above the class.",
        ),
        (
            "@spec\nclass Focal(LossSpec):\n    '''A loss.'''\n\n    gamma = option(default=2.0)",
            4,
            'registers Focal, which has the option "gamma" without a type; annotate it, for example '
            "`gamma: float = …`.",
        ),
        (
            "@spec\nclass Focal(LossSpec):\n    '''A loss.'''\n\n    gamma: torch.Tensor = option()",
            4,
            'registers Focal, which has the option "gamma" of the type Tensor, which TOML cannot express. Use bool, int, '
            "float, str, Path, Literal, tuple, Mapping with str as keys, a family, or a union of these.",
        ),
        (
            "@spec\nclass Focal(LossSpec):\n    '''A loss.'''\n\n    gamma: list[int] = option()",
            4,
            'registers Focal, which has the option "gamma" of the type list[int], which TOML cannot express. Use bool, '
            "int, float, str, Path, Literal, tuple, Mapping with str as keys, a family, or a union of these.",
        ),
        (
            "@spec\nclass Focal(LossSpec):\n    '''A loss.'''\n\n    gamma: 'float' = option()",
            4,
            'registers Focal, which has the option "gamma", whose type is a string. Types of options must exist when the '
            "module is imported; remove `from __future__ import annotations` and quotes.",
        ),
    ],
)
def test_a_wrong_declaration_is_reported_with_its_line(install, source, line, problem):
    path = install("focal", DECLARED.format(source))
    with pytest.raises(PluginError) as error:
        Plugins(["focal"])
    assert str(error.value) == f'The plugin "focal" (hookline-focal 1.2) {problem} ({path}, line {line})'
    assert error.value.listed == "focal"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            WRAPPER.replace("select_loss", "select_los"),
            'implements "select_los", which is not a stage ({}, line 3). Did you mean "select_loss"?',
        ),
        (
            WRAPPER.replace("(run)", "(run, dat)"),
            'has a hook that does not fit. {}, line 3: "select_loss" takes "dat", which this stage does not have. Did you '
            'mean "data"?',
        ),
        ("x = 1\n", "implements no hook: nothing in it is marked with @hookimpl."),
        (
            "from hookline import hookimpl\n\n@hookimpl\ndef register_specs():\n    return [1 / 0]\n",
            'failed in "register_specs". {}, line 5: ZeroDivisionError: division by zero',
        ),
    ],
)
def test_a_hook_that_does_not_fit_is_reported_with_its_line(install, source, problem):
    path = install("focal", source)
    with pytest.raises(PluginError) as error:
        Plugins(["focal"])
    assert str(error.value) == f'The plugin "focal" (hookline-focal 1.2) {problem.format(path)}'
    assert error.value.listed == "focal"


def test_a_plugin_that_is_listed_twice_is_reported(install):
    install("focal")
    with pytest.raises(PluginError) as error:
        Plugins(["focal", "focal"])
    assert str(error.value) == 'The plugin "focal" (hookline-focal 1.2) is used twice.'


def test_an_unusable_plugin_is_reported_at_its_place_in_the_spec(install):
    install("focal")
    install("broken", "1 / 0\n")
    problems = Loader().check(from_table({"plugins": ["focal", "broken"]}))
    missing = [("data",), ("model",), ("loss",), ("optimizer",)]
    assert [problem.path for problem in problems] == [("plugins", 1), *missing]


def test_types_that_an_unusable_plugin_may_provide_are_listed_once(install):
    install("broken", "1 / 0\n")
    layers = [{"type": "Relu"}, {"type": "Relu"}, {"type": "Own"}]
    [problem] = Loader().check(
        from_table({**SPEC, "plugins": ["broken"], "model": {"type": "Sequential", "layers": layers}})
    )
    assert (problem.path, problem.help) == (
        ("plugins", 0),
        'Unknown types are not reported, since this plugin may provide them: "Relu" and "Own".',
    )


def test_of_many_types_that_an_unusable_plugin_may_provide_the_first_are_listed(install):
    install("broken", "1 / 0\n")
    layers = [{"type": f"Own{number:02}"} for number in range(30)]
    [problem] = Loader().check(
        from_table({**SPEC, "plugins": ["broken"], "model": {"type": "Sequential", "layers": layers}})
    )
    assert problem.help.endswith('"Own22" and "Own23", and 6 others.')


def test_an_unknown_type_is_reported_with_the_unlisted_plugins(install):
    install("focal")
    install("sharp", WRAPPER)
    with pytest.raises(ValueError, match="There is no loss") as error:
        Plugins(["sharp>=1"]).catalog.find(LossSpec, "FocalLoss")
    expected = (
        'There is no loss called "FocalLoss". Installed, but not listed in `plugins`: "focal". Available: "Adaptive'
    )
    assert str(error.value).startswith(expected)
    assert "hookline_focal" not in sys.modules


def test_installed_plugins_are_known_without_importing_them(install):
    install("focal")
    install("broken", "1 / 0\n")
    installed = InstalledPlugins()
    assert [str(origin) for origin in installed.origins()] == [
        '"broken" (hookline-broken 1.2)',
        '"focal" (hookline-focal 1.2)',
    ]
    assert (installed.names(), installed.not_listed(["focal>=1"])) == (["broken", "focal"], ["broken"])
    assert not {"hookline_focal", "hookline_broken"} & sys.modules.keys()


@pytest.mark.parametrize(
    ("listed", "parts"), [("focal", ("focal", "")), ("a.b-c_d", ("a.b-c_d", "")), ("x >=1, <2", ("x", ">=1, <2"))]
)
def test_an_entry_of_plugins_is_split_into_name_and_versions(listed, parts):
    assert parse_listed(listed) == parts


def test_entry_points_equal_those_of_importlib_metadata(install):
    from importlib.metadata import entry_points as of_python

    install("focal")
    install("sharp", value="hookline_sharp:plugin")
    found = {(point.name, point.value, point.distribution, point.version) for point in entry_points()}
    known = {(point.name, point.value, point.dist.name, point.dist.version) for point in of_python(group="hookline")}
    assert found == known != set()


@pytest.mark.parametrize(
    ("requires", "wanted"),
    [
        (["torch", "hookline>=2"], ">=2"),
        (["hookline-other>=9", "Hookline[mlflow] (<0.1)"], "<0.1"),
        (["hookline ~= 9.1 ; python_version >= '3'"], "~=9.1"),
        (["hookline>=2; python_version < '3'"], None),
        (["hookline>=2; extra == 'more'"], None),
        (["hookline", "hookline_other>=9"], None),
        (["hookline>=0.1,<1"], None),
        (["hookline is anything"], None),
        ([], None),
    ],
)
def test_a_plugin_for_another_version_of_hookline_is_reported_with_both_versions(install, requires, wanted):
    install("focal", requires=requires)
    if wanted is None:
        assert "FocalLoss" in {kind.__name__ for kind in Plugins(["focal"]).catalog}
        return
    with pytest.raises(PluginError) as error:
        Plugins(["focal"])
    assert str(error.value) == (
        f"hookline-focal 1.2 requires hookline {wanted}, but hookline {version('hookline')} is installed. "
        "Install a release of hookline-focal that supports it."
    )
    assert error.value.listed == "focal"
