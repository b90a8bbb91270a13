"""What `hookline eject` refuses, and how."""

import json

import pytest

import hookline
from hookline import hookimpl
from hookline.cli.main import main
from hookline.errors import SpecError
from hookline.spec import CallbackSpec, LayerSpec, LossSpec, spec
from hookline_models.linear import Linear

SPEC = {
    "run": {"epochs": 2},
    "data": {"type": "Random", "features": 3, "targets": [0.0, 1.0, 2.0]},
    "model": {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 1}]},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD", "lr": 0.1},
}
PLUGIN = '''
from torch import nn
from hookline import hookimpl
from hookline.spec import CallbackSpec, LayerSpec, MetricSpec, spec
from hookline_losses.regression import MSELoss


@spec
class Plain(LayerSpec):
    """A layer without lines."""

    def build(self, inputs):
        return nn.Identity()


@spec
class Other(MSELoss):
    """A loss that is another one than its base class."""

    def build(self, data):
        return nn.MSELoss()

    def compute(self, criterion, outputs, batch):
        return 2 * criterion(outputs, batch.target)


@spec
class Unwritten(CallbackSpec):
    """A callback without lines."""

    @hookimpl(wrapper=True)
    def step(self):
        return (yield)


@hookimpl
def register_specs():
    return [Plain, Other, Unwritten]


@hookimpl(wrapper=True)
def backward():
    return (yield)
'''


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN)
    return path


def toml(table):
    """A table of tables as TOML."""
    lines = []
    for section, options in table.items():
        for one in options if isinstance(options, list) else [options]:
            lines.append(f"[[{section}]]" if isinstance(options, list) else f"[{section}]")
            lines += [f"{name} = {inline(value)}" for name, value in one.items()]
    return "\n".join(lines)


def inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {inline(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


def test_all_parts_without_lines_are_named_with_their_places(tmp_path, plugin, capsys):
    layers = [{"type": "Linear", "out_features": 1}, {"type": "Plain"}, {"type": "Plain"}]
    changed = {
        **SPEC,
        "model": {"type": "Sequential", "layers": layers},
        "loss": {"type": "Other"},
        "callbacks": [{"type": "Unwritten"}, {"type": "CSVLog"}],
    }
    path = tmp_path / "spec.toml"
    path.write_text(toml(changed))
    assert main(["eject", str(path), "-p", str(plugin)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.partition("spec.toml:")[2] for line in captured.err.splitlines() if "not-ejectable" in line] == [
        '1:1: The plugin "mine" wraps the stage `backward`, which has no lines of torch.  [not-ejectable]',
        "11:8: loss.type: Other has no lines of torch: it overrides `build`, but not `eject`.  [not-ejectable]",
        "9:59: model.layers[1].type: Plain has no lines of torch: its class has no method `eject`.  [not-ejectable]",
        "9:79: model.layers[2].type: Plain has no lines of torch: its class has no method `eject`.  [not-ejectable]",
        "16:8: callbacks[0].type: Unwritten has no lines of torch: its class has no method `eject`.  [not-ejectable]",
    ]


def test_a_script_is_printed(tmp_path, capsys):
    path = tmp_path / "spec.toml"
    path.write_text(f"# Fit three numbers.\n\n{toml(SPEC)}")
    assert main(["eject", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith('"""Fit three numbers.\n')
    assert captured.err == ""
    compile(captured.out, "train.py", "exec")


def test_a_wrong_spec_is_reported_as_by_train(tmp_path, capsys):
    path = tmp_path / "spec.toml"
    path.write_text(toml({**SPEC, "loss": {"type": "MSELos"}}))
    assert main(["eject", str(path)]) == 2
    assert 'Did you mean "MSELoss"?' in capsys.readouterr().err


def test_a_third_party_adds_lines():
    @spec
    class Doubled(LayerSpec):
        """Doubles its input."""

        def build(self, inputs):
            from torch import nn

            class Doubled(nn.Module):
                def forward(self, inputs):
                    return inputs * 2

            return Doubled()

        def eject(self, script, module):
            script.use("from torch import nn")
            return (
                script.define(
                    '''
                class Doubled(nn.Module):
                    """Doubles its input."""

                    def forward(self, inputs):
                        return inputs * 2
                '''
                )
                + "()"
            )

    class Plugin:
        @hookimpl
        def register_specs(self):
            return [Doubled]

    layers = [{"type": "Linear", "out_features": 1}, {"type": "Doubled"}]
    loaded = hookline.load({**SPEC, "model": {"type": "Sequential", "layers": layers}}, plugins=[Plugin()])
    script = hookline.eject(loaded, plugins=[Plugin()])
    assert "    nn.Linear(3, 1),\n    Doubled(),\n" in script
    assert script.count("class Doubled(nn.Module):") == 1


def test_the_docstring_begins_with_a_sentence_and_has_short_lines():
    title = f"Fit three numbers. {' '.join(['They are very small numbers.'] * 9)}"
    first, empty, *rest = hookline.eject(hookline.load(SPEC), title=title).partition('"""\n\nimport')[0].splitlines()
    assert (first, empty) == ('"""Fit three numbers.', "")
    assert max(map(len, rest)) <= 120
    assert " ".join(rest).startswith("They are very small numbers. They")


def test_a_subclass_that_builds_something_else_does_not_inherit_lines():
    @spec
    class Other(Linear):
        """A linear layer of another kind."""

        def build(self, inputs):
            from torch import nn

            return nn.Linear(3, 1)

    class Plugin:
        @hookimpl
        def register_specs(self):
            return [Other]

    layers = [{"type": "Other", "out_features": 1}]
    loaded = hookline.load({**SPEC, "model": {"type": "Sequential", "layers": layers}}, plugins=[Plugin()])
    with pytest.raises(
        SpecError, match=r"layers\[0\].type: Other has no lines of torch: it overrides `build`, but not `eject`"
    ):
        hookline.eject(loaded, plugins=[Plugin()])


def test_observers_are_left_out_and_listed():
    loaded = hookline.load({**SPEC, "callbacks": [{"type": "CSVLog"}]})
    assert "Left out, because the training is the same without it: CSVLog (callbacks.0)." in hookline.eject(loaded)


def test_families_without_lines_say_so():
    for family in (CallbackSpec, LayerSpec, LossSpec):
        assert family.eject.has_no_lines
