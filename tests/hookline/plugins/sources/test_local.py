import sys

import pytest

import hookline
from hookline.errors import PluginError
from hookline.plugins.manager import Plugins
from hookline.plugins.sources.local import from_file

MARKED = "from hookline import hookimpl\n\n@hookimpl(wrapper=True)\ndef step(run):\n    return (yield)\n"


def written(tmp_path, text, name="mine.py"):
    path = tmp_path / name
    path.write_text(text)
    return path


def names_of(manager, stage):
    return [found.plugin_name for found in reversed(getattr(manager.hook, stage).get_hookimpls())]


def test_a_file_is_a_plugin_named_after_the_file(tmp_path):
    module = from_file(written(tmp_path, MARKED))
    assert names_of(Plugins(extra=[module]).manager(), "step") == ["mine", "hookline_stages"]


def test_a_file_registers_components(tmp_path):
    text = (
        "from hookline import hookimpl; from hookline.spec import LossSpec, option, spec\n\n"
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


def test_two_files_with_the_same_name_are_two_plugins(tmp_path):
    (tmp_path / "other").mkdir()
    one, two = from_file(written(tmp_path, MARKED)), from_file(written(tmp_path / "other", MARKED))
    assert one is not two
    assert names_of(Plugins(extra=[one, two]).manager(), "step") == ["mine", "mine (2)", "hookline_stages"]


def test_a_file_does_not_replace_a_module_with_the_same_name(tmp_path):
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
        ("def f():\n    pass\n", "No function of this file is marked with @hookimpl."),
        ("", "No function of this file is marked with @hookimpl."),
        (
            "from hookline import hookimpl\n\nclass Mine:\n    @hookimpl(wrapper=True)\n    def step(self):\n"
            "        return (yield)\n\nmine = Mine()\n",
            "No function of this file is marked with @hookimpl. The hooks of the class Mine need an object: write "
            "them as functions of the file, or train from Python with `plugins=[Mine()]`.",
        ),
        ("from hookline import hookimpl\n", "No function of this file is marked with @hookimpl."),
    ],
)
def test_a_file_that_cannot_be_used_is_reported_with_the_line(tmp_path, monkeypatch, text, problem, given):
    path = written(tmp_path, text)
    if given == "relative":
        monkeypatch.chdir(tmp_path)
        path = path.name
    with pytest.raises(PluginError) as error:
        from_file(path)
    assert str(error.value).startswith(f"{path}: {problem}")


def test_an_unmarked_stage_is_reported_even_if_others_are_marked(tmp_path):
    path = written(tmp_path, f"{MARKED}\n\ndef forward(run):\n    pass\n")
    with pytest.raises(PluginError) as error:
        from_file(path)
    assert str(error.value) == f'{path}, line 8: "forward" is the name of a stage; mark the function with @hookimpl.'


def test_an_imported_function_is_not_mistaken_for_a_stage(tmp_path):
    path = written(tmp_path, f"from copy import copy as forward\n{MARKED}")
    assert from_file(path).__name__ == "hookline_file_mine"


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(PluginError) as error:
        from_file(tmp_path / "none.py")
    assert str(error.value) == f"{tmp_path / 'none.py'}: There is no such file."


def test_a_file_that_is_not_python_is_reported(tmp_path):
    path = written(tmp_path, MARKED, "mine.txt")
    with pytest.raises(PluginError) as error:
        from_file(path)
    assert str(error.value) == f"{path}: A plugin must be a Python file (.py)."


def test_an_error_of_hookline_in_a_file_is_reported_unchanged(tmp_path):
    path = written(tmp_path, "from hookline import HooklineError\n\nraise HooklineError('Not on Mondays.')\n")
    with pytest.raises(hookline.HooklineError, match=r"^Not on Mondays\.$"):
        from_file(path)


def test_a_file_can_import_files_beside_it(tmp_path):
    (tmp_path / "neighbour_of_it.py").write_text("RATE = 3\n")
    (tmp_path / "it.py").write_text(
        "from neighbour_of_it import RATE\nfrom hookline import hookimpl\n\n@hookimpl\ndef tune(): return None\n"
    )
    assert from_file(tmp_path / "it.py").RATE == 3
