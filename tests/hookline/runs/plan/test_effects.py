"""What `hookline plan` lists as written and contacted."""

import json

import pytest

import hookline
from hookline.check.load import Loader
from hookline.check.toml.document import from_table
from hookline.cli.main import main
from hookline.runs.plan.effects import Effect, effects
from hookline.spec.dump import as_toml

SPEC = {
    "data": {"type": "Random", "features": 2, "targets": [0, 1]},
    "model": {"type": "Linear", "out_features": 1},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD"},
}
MINE = '''
from hookline import hookimpl
from hookline.spec import CallbackSpec, spec


@hookimpl
def register_specs():
    return [Silent]


@spec
class Silent(CallbackSpec):
    """Says nothing of what it does."""

    @hookimpl(wrapper=True)
    def log(self):
        return (yield)
'''


def reported(**sections):
    return list(effects(hookline.load({**SPEC, **sections})))


@pytest.mark.parametrize(
    ("callback", "writes_to", "connects_to"),
    [
        ({"type": "CSVLog", "file": "x.csv"}, ("x.csv",), ()),
        ({"type": "TensorBoard"}, ("tensorboard/",), ()),
        ({"type": "MLflow"}, ("mlflow.db", "mlflow/"), ()),
        (
            {"type": "MLflow", "tracking_uri": "https://example.org"},
            (),
            ("https://example.org", "the artifact location of its experiment"),
        ),
        (
            {"type": "MLflow", "tracking_uri": "sqlite:////tmp/x.db"},
            (
                "sqlite:////tmp/x.db",
                "the artifact location of its experiment (if new, mlruns/ in the current directory)",
            ),
            (),
        ),
        ({"type": "WeightsAndBiases", "mode": "offline"}, ("wandb/",), ()),
        (
            {"type": "WeightsAndBiases"},
            ("wandb/",),
            ("https://api.wandb.ai, or the WANDB_BASE_URL of the environment",),
        ),
    ],
)
def test_a_callback_declares_what_it_writes_and_contacts(callback, writes_to, connects_to):
    name = f"callbacks[0] {callback['type']}"
    assert reported(callbacks=[callback]) == [
        Effect(component=name, is_declared=True, writes_to=writes_to, connects_to=connects_to)
    ]


def test_callbacks_without_effects_are_not_listed():
    quiet = [{"type": "EarlyStopping", "monitor": "training/loss"}, {"type": "StepLR", "step_size": 1}]
    assert reported(callbacks=quiet) == []
    assert [one.writes_to for one in reported(deploy=[{"type": "Safetensors"}])] == [("safetensors/",)]


def test_every_built_in_component_declares_its_effects():
    catalog = Loader().reader(from_table({})).catalog
    for kind in catalog:
        if issubclass(kind, (hookline.spec.WrapperSpec, hookline.spec.DeploySpec)):
            assert kind.writes_to is not None, kind
            assert kind.connects_to is not None, kind


def test_a_plan_prints_declared_and_undeclared_effects(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    callbacks = [{"type": "Silent"}, {"type": "CSVLog"}]
    (tmp_path / "spec.toml").write_text(
        "\n".join(f"{name} = {as_toml(value)}" for name, value in {**SPEC, "callbacks": callbacks}.items())
    )
    assert main(["plan", "spec.toml", "-p", "mine.py"]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("Files and connections (paths relative to the run directory)")
    assert lines[start + 1 : start + 4] == [
        "  callbacks[0] Silent  does not declare what it writes and contacts",
        "  callbacks[1] CSVLog  writes metrics.csv",
        "",
    ]
    assert main(["plan", "spec.toml", "-p", "mine.py", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["effects"] == [
        {"component": "callbacks[0] Silent", "is_declared": False, "writes_to": [], "connects_to": []},
        {"component": "callbacks[1] CSVLog", "is_declared": True, "writes_to": ["metrics.csv"], "connects_to": []},
    ]
