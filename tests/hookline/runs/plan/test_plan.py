import json

import pytest
from small_training import SPECS

from hookline.cli.main import main

GROUPED = f"""
[run]
name = "grouped"
epochs = 3
device = "cpu"
seed = 7

[data]
type = "CSV"
path = "{(SPECS / "data/iris.csv").resolve()}"
targets = "species"
standardize = true
validation = 0.2
batch_size = 32

[model]
type = "Sequential"
layers = [{{type = "Linear", out_features = 16}}, {{type = "ReLU"}}, {{type = "Linear", out_features = 3}}]

[loss]
type = "CrossEntropyLoss"

[optimizer]
type = "AdamW"
lr = 0.01
groups = [{{parameters = "*.bias", weight_decay = 0.0}}]

[[metrics]]
type = "Accuracy"

[[metrics]]
type = "F1Score"

[[callbacks]]
type = "Progress"

[[callbacks]]
type = "GradientNorm"
every = 5
"""


@pytest.fixture
def planned(tmp_path, monkeypatch, capsys):
    """What `hookline plan` prints for the spec, with further arguments."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grouped.toml").write_text(GROUPED)

    def planned(*words):
        code = main(["plan", "grouped.toml", *words])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        assert [path.name for path in tmp_path.iterdir() if path.suffix != ".py"] == ["grouped.toml"]
        return out

    return planned


def test_a_plan_shows_what_would_run(planned):
    assert planned() == (
        """\
grouped: 3 epochs of 4 steps on cpu, seed 7
  data       CSV: 120 rows for training, 30 rows for validation
  model      Sequential, 131 parameters
  loss       CrossEntropyLoss
  optimizer  AdamW
  metrics    Accuracy, F1Score

Rows of each class
  class         training  validation
  setosa      45 (37.5%)   5 (16.7%)
  versicolor  37 (30.8%)  13 (43.3%)
  virginica   38 (31.7%)  12 (40.0%)

Plugins
  hookline  hookline 0.1.0

Stages in calling order
  prepare_data, build_model, select_loss, select_optimizer, fit, forward, loss, backward, step, predict, evaluate, log, tune, deploy

Plugins that answer them
  all  hookline_stages (hookline 0.1.0)

Wrappers of stages, from the outside in
  select_optimizer  callbacks[1] GradientNorm (hookline 0.1.0, every 5)
  fit               callbacks[0] Progress (hookline 0.1.0)
  step              callbacks[1] GradientNorm (hookline 0.1.0, every 5)
  log               callbacks[0] Progress (hookline 0.1.0)
                    callbacks[1] GradientNorm (hookline 0.1.0, every 5)
  tune              callbacks[0] Progress (hookline 0.1.0)
  deploy            callbacks[0] Progress (hookline 0.1.0)

Model, with output shapes for one row
  layer  type    output  parameters
  0      Linear  16              80
  1      ReLU    16               0
  2      Linear  3               51

Parameter groups
  *.bias  19 parameters   lr 0.01, betas [0.9, 0.999], eps 1e-08, weight_decay 0.0, fused true
  others  112 parameters  lr 0.01, betas [0.9, 0.999], eps 1e-08, weight_decay 0.01, fused true

Tracing
  Forward, loss and backward pass become 17 operations, if there are enough steps to earn back the cost.
  Evaluations become 8 operations, if there are enough batches to earn back the cost.

Memory, estimated: 21.9 KiB
  data           6.3 KiB
  parameters   524 bytes
  gradients    524 bytes
  optimizer      1.0 KiB
  activations   13.5 KiB
"""
    )


def test_json_contains_the_same_information(planned):
    plan = json.loads(planned("--format", "json"))
    assert (plan["name"], plan["seed"], plan["epochs"], plan["steps_per_epoch"]) == ("grouped", 7, 3, 4)
    assert plan["components"] == {
        "data": ["CSV"],
        "model": ["Sequential"],
        "loss": ["CrossEntropyLoss"],
        "optimizer": ["AdamW"],
        "metrics": ["Accuracy", "F1Score"],
    }
    assert plan["rows"] == {"training": 120, "validation": 30}
    assert [(layer["type"], layer["output"], layer["parameters"]) for layer in plan["layers"]] == [
        ("Linear", [16], 80),
        ("ReLU", [16], 0),
        ("Linear", [3], 51),
    ]
    assert [(group["name"], group["parameters"]) for group in plan["groups"]] == [("*.bias", 19), ("others", 112)]
    assert plan["groups"][0]["options"]["weight_decay"] == 0.0
    assert plan["parameters"] == 131
    assert plan["memory"]["parameters"] == 131 * 4
    assert plan["memory"]["total"] == sum(size for name, size in plan["memory"].items() if name != "total")
    assert plan["stages"]["step"] == [
        {"plugin": "callbacks[1] GradientNorm", "release": "hookline 0.1.0", "is_wrapper": True, "limits": "every 5"},
        {"plugin": "hookline_stages", "release": "hookline 0.1.0", "is_wrapper": False, "limits": ""},
    ]
    assert len(plan["data"]) == 64


def test_your_own_file_is_in_the_plan(planned, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from hookline import hookimpl\n\n@hookimpl(wrapper=True)\ndef step():\n    return (yield)\n\n"
        "@hookimpl\ndef forward():\n    return None\n"
    )
    lines = planned("-p", "mine.py").splitlines()
    assert "  mine      mine.py" in lines
    answers = lines.index("Plugins that answer them")
    assert lines[answers + 1 : answers + 4] == [
        "  forward     mine (mine.py), then hookline_stages (hookline 0.1.0)",
        "  all others  hookline_stages (hookline 0.1.0)",
        "",
    ]
    step = lines.index("  step              mine (mine.py)")
    assert lines[step + 1] == "                    callbacks[1] GradientNorm (hookline 0.1.0, every 5)"


def test_problems_of_a_spec_are_reported_instead_of_a_plan(tmp_path, capsys):
    path = tmp_path / "wrong.toml"
    path.write_text(GROUPED.replace("AdamW", "AdmW"))
    assert main(["plan", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert 'There is no optimizer called "AdmW". Did you mean "AdamW"?' in err


def test_misfits_are_reported_at_their_place(tmp_path, capsys):
    path = tmp_path / "wrong.toml"
    path.write_text(GROUPED.replace('parameters = "*.bias"', 'names = "*.bais"'))
    assert main(["plan", str(path)]) == 2
    assert f"{path}:26:" in capsys.readouterr().err


def test_the_state_of_a_plugins_optimizer_is_unknown_if_it_fails(planned, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import torch\nfrom hookline import hookimpl\n\n\nclass Odd(torch.optim.SGD):\n"
        "    def step(self, closure=None):\n        raise ValueError\n\n\n"
        "@hookimpl\ndef select_optimizer(model):\n    return Odd(model.parameters())\n"
    )
    lines = planned("-p", "mine.py").splitlines()
    assert "Memory, estimated: at least 20.9 KiB" in lines
    assert lines[-2].split() == ["optimizer", "unknown"]


def test_attention_counts_its_output_projection(planned):
    layers = '[{type = "Unflatten", dim = 1, unflattened_size = [1, 4]}, '
    layers += '{type = "TransformerEncoder", num_layers = 2, nhead = 2, dim_feedforward = 8}, {type = "Flatten"}, '
    plan = planned("--set", f'model.layers={layers}{{type = "Linear", out_features = 3}}]', "--format", "json")
    # Of each of two layers: 4 × 12 + 12 and 4 × 4 + 4 for attention, 4 × 8 + 8 and 8 × 4 + 4, and two times 4 + 4.
    assert json.loads(plan)["parameters"] == 2 * (60 + 20 + 40 + 36 + 16) + 4 * 3 + 3
