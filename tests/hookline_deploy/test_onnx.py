"""An ONNX model takes rows as they are in the file, and predicts what the run predicts, without Hookline and torch."""

import datetime
import hashlib
import json
import re
import subprocess
import sys
from contextlib import nullcontext

import numpy
import onnx
import pyarrow
import pytest
from onnx_client import described, fed, run_alone
from small_training import SPECS, small

import hookline
from hookline.cli.main import main
from hookline.errors import DeploymentError
from hookline_deploy import onnx_target
from hookline_deploy.onnx_model.session import opened

MISSING = {"city": 0.2, "flag": 0.2, "when": 0.1, "amount": 0.1}


def rows(seed, count):
    """Rows with cells of every type, some of them missing."""
    drawn = numpy.random.default_rng(seed)
    for index in range(count):
        made = {
            "stamp": 1_700_000_000 + index,  # float32 has no such numbers.
            "amount": round(float(drawn.exponential(100)), 2),
            "city": drawn.choice(["Ulm", "Bonn", "Köln"]),
            "code": drawn.choice(["1", "2", "10", "007"]),
            "flag": drawn.choice(["yes", "no", "Yes"]),
            "when": str(datetime.datetime(2019, 5, 3) + datetime.timedelta(hours=31 * index)),
        }
        yield {name: "" if drawn.random() < MISSING.get(name, 0) else value for name, value in made.items()} | {
            "price": 1e5 + 300 * float(drawn.normal()),
            "kind": drawn.choice(["a", "b", "label"]),
        }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with many kinds of columns and two targets, and its ONNX model."""
    home = tmp_path_factory.mktemp("onnx")
    table = pyarrow.Table.from_pylist([{name: str(cell) for name, cell in row.items()} for row in rows(0, 90)])
    with (home / "rows.csv").open("w") as file:
        file.write(",".join(table.column_names) + "\n")
        file.writelines(",".join(row.values()) + "\n" for row in table.to_pylist())
    spec = {
        "run": {"name": "many", "epochs": 2},
        "data": {
            "type": "CSV",
            "path": str(home / "rows.csv"),
            "inputs": {"numbers": ["stamp", "amount", "city", "flag", "when"], "codes": "code"},
            "targets": {"price": "price", "kind": "kind"},
            "standardize": {"numbers": True},
            "test": 0.3,
            "columns": {
                "amount": {"type": "Log1p", "missing": "median", "indicator": True},
                "city": {"type": "OneHotEncoder", "missing": "category", "handle_unknown": "ignore"},
                "flag": {"type": "Boolean", "missing": "most_frequent"},
                "when": {"type": "Date", "missing": "mean", "parts": ["year", "month", "days"], "cyclic": True},
                "code": {"type": "OrdinalEncoder", "handle_unknown": "use_encoded_value"},
                "price": {"type": "StandardScaler"},
            },
        },
        "model": {
            "type": "Sequential",
            "layers": [
                {"type": "MLP", "d_block": 16},
                {
                    "type": "Heads",
                    "heads": {
                        "price": {"type": "Linear", "out_features": 1},
                        "kind": {"type": "Linear", "out_features": 3},
                    },
                },
            ],
        },
        "losses": {"price": {"type": "HuberLoss"}, "kind": {"type": "CrossEntropyLoss"}},
        "optimizer": {"type": "Adam"},
        "deploy": [{"type": "ONNX"}],
    }
    trial = hookline.train(hookline.load(spec), out=home / "run")
    return hookline.open_run(trial.directory)


@pytest.fixture(scope="module")
def new():
    """New rows: with unseen categories, missing cells, and cells that are refused."""
    made = [{name: row[name] for name in row if name not in ("price", "kind")} for row in rows(1, 40)]
    made[3]["city"] = "never seen"
    made[4]["code"] = "never seen"
    made[5]["stamp"] = ""  # Refused, since it has no kind.
    made[6]["amount"] = "-3"  # Refused, since it has no logarithm.
    made[7]["flag"] = "perhaps"  # Refused.
    made[8]["code"] = ""  # Refused.
    made[9]["code"] = "10.0"
    made[10]["amount"], made[11]["stamp"] = "1e300", "-1e15"
    return pyarrow.Table.from_pylist([{name: str(cell) for name, cell in row.items()} for row in made])


@pytest.mark.parametrize("count", [40, 1])
def test_onnxruntime_alone_predicts_what_the_run_predicts(count, run, new, tmp_path):
    part = new.slice(0, count)
    with pytest.warns(hookline.HooklineWarning, match="4 of 40 rows cannot be read") if count == 40 else nullcontext():
        expected = run.predict(part, columns=["prediction", "probabilities"], skip_bad_rows=True)
    place = run.directory / "onnx"
    typed = pyarrow.table({name: _typed(name, part[name].to_pylist()) for name in part.column_names})
    found = run_alone(place / "model.onnx", fed(typed, described(place)), tmp_path)
    kept = found["readable"]
    refused = {3: "", 5: "stamp", 6: "amount", 7: "flag", 8: "code"}
    assert found["refused"].tolist() == [refused.get(place, "") for place in range(count)]
    assert kept.tolist() == [cell is not None for cell in expected["prediction[kind]"].to_pylist()]
    assert found["label[kind]"].tolist() == [cell or "" for cell in expected["prediction[kind]"].to_pylist()]
    prices = numpy.array(expected["prediction[price]"].to_pylist(), dtype=float)
    numpy.testing.assert_allclose(found["label[price]"], prices, rtol=1e-6)
    for index, name in enumerate(("a", "b", "label")):
        wanted = numpy.array(expected[f"probability[kind.{name}]"].to_pylist(), dtype=float)
        numpy.testing.assert_allclose(found["probabilities[kind]"][:, index], wanted, rtol=0, atol=1e-6)
    assert numpy.isnan(found["probabilities[kind]"][~kept]).all()


def _typed(name, cells):
    """Cells as another program has them: numbers, times and texts."""
    if name in ("stamp", "amount"):
        return pyarrow.array([float(cell) if cell else None for cell in cells])
    if name == "when":
        return pyarrow.array([datetime.datetime.fromisoformat(cell) if cell else None for cell in cells])
    return pyarrow.array([cell or None for cell in cells])


def test_the_description_says_what_goes_in_and_what_comes_out(run):
    known = described(run.directory / "onnx")
    assert {one["name"]: (one["dtype"], one["shape"]) for one in known["arguments"]} == {
        "stamp": ("float64", ["N", 1]),
        "amount": ("float64", ["N", 1]),
        "city": ("string", ["N", 1]),
        "flag": ("string", ["N", 1]),
        "when": ("int64", ["N", 1]),
        "code": ("string", ["N", 1]),
    }
    assert {one["name"]: (one["dtype"], one["shape"], one["columns"]) for one in known["outputs"]} == {
        "label[price]": ("float32", ["N"], ["prediction[price]"]),
        "label[kind]": ("string", ["N"], ["prediction[kind]"]),
        "probabilities[kind]": ("float32", ["N", 3], [f"probability[kind.{name}]" for name in ("a", "b", "label")]),
        "readable": ("bool", ["N"], []),
        "refused": ("string", ["N"], []),
    }
    content = (run.directory / "onnx" / "model.onnx").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert known["files"] == {"model.onnx": {"size": len(content), "sha256": digest}}
    compared = known["compared"]
    assert compared["reader"].startswith("onnxruntime ")
    assert compared["rows"] > 27
    assert compared["refused"] > 0
    assert 0 <= compared["largest_difference"] <= 1e-6
    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert json.loads({one.key: one.value for one in model.metadata_props}["hookline"])["outputs"] == known["outputs"]


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("tolerance=0", "from that of the model in memory, more than 0.  [failed-deployment]\n"),
        ("opset_version=99", "torch.onnx cannot write `opset_version = 99`.  [failed-deployment]\n"),
    ],
)
def test_a_model_that_differs_or_has_other_operators_is_refused(option, reason, run, tmp_path, capsys):
    place = tmp_path / "some" / "model"
    assert main(["deploy", str(run.directory), "--type", "ONNX", "-o", str(place), "--set", option]) == 2
    reported = capsys.readouterr().err
    assert reported.startswith(f"ONNX was not written to {place}. ")
    assert reported.endswith(reason)
    assert list(tmp_path.iterdir()) == []


def test_the_version_of_the_operators_is_an_option(run, tmp_path):
    run.deploy({"type": "ONNX", "opset_version": 22}, out=tmp_path / "model")
    assert {one.domain: one.version for one in onnx.load(tmp_path / "model" / "model.onnx").opset_import}[""] == 22


def test_weights_in_another_file_are_refused(run, tmp_path):
    model = onnx.load(run.directory / "onnx" / "model.onnx")
    onnx.save_model(model, tmp_path / "model.onnx", save_as_external_data=True, size_threshold=0, location="weights")
    with pytest.raises(DeploymentError, match=r'model\.onnx: The tensor ".*" is in another file, which is not read\.$'):
        opened(tmp_path / "model.onnx")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a model", None])
def test_a_damaged_file_is_refused(content, run, tmp_path):
    whole = (run.directory / "onnx" / "model.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(DeploymentError, match=r"model\.onnx: (This is not a valid ONNX file|onnxruntime cannot open)"):
        opened(tmp_path / "model.onnx")


def test_missing_packages_are_reported_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_target, "missing_packages", lambda: ["onnx", "onnxruntime"])
    message = r'^deploy\[0\]\.type: ONNX needs onnx and onnxruntime: pip install "hookline\[onnx\]"\.$'
    with pytest.raises(hookline.HooklineError, match=message):
        hookline.train(small(epochs=1, deploy=[{"type": "ONNX"}]), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_column_without_operators_is_refused_before_training(tmp_path, capsys):
    changes = ["data.columns.Comments.token_pattern='[a-z]+?'", "deploy=[{type='ONNX'}]"]
    reason = 'There are no ONNX operators for the kind HashingVectorizer of the column "Comments" with its options.'
    assert main(["plan", str(SPECS / "penguins.toml"), *(f"--set={change}" for change in changes)]) == 2
    assert f"deploy[0].type: {reason}" in capsys.readouterr().err
    trial = hookline.train(hookline.load(SPECS / "penguins.toml", [*changes[:1], "run.epochs=1"]), out=tmp_path / "run")
    with pytest.raises(DeploymentError, match=rf"^ONNX was not written to \S+\. {re.escape(reason)}$"):
        hookline.open_run(trial.directory).deploy("ONNX")


POOLED = {"type": "Unflatten", "dim": 1, "unflattened_size": [1, 1, 2, 2]}


@pytest.mark.parametrize(
    "layers",
    [
        [{"type": "RReLU", "lower": 0.1, "upper": 0.9, "inplace": True}],
        [POOLED, {"type": "AdaptiveAvgPool3d", "output_size": [2, 3, 1]}],
        [POOLED, {"type": "AdaptiveMaxPool3d", "output_size": [1, 2, 1]}],
        [{"type": "Unflatten", "dim": 1, "unflattened_size": [1, 4]}, {"type": "AdaptiveMaxPool1d", "output_size": 3}],
        [
            {"type": "Unflatten", "dim": 1, "unflattened_size": [2, 2]},
            {"type": "LSTM", "hidden_size": 5, "proj_size": 2, "num_layers": 2, "bidirectional": True},
        ],
    ],
    ids=lambda layers: layers[-1]["type"],
)
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_layers_that_the_exporter_of_torch_lacks_are_made_of_others(layers, tmp_path):
    layers = [*layers, {"type": "Flatten"}, {"type": "Linear", "out_features": 3}]
    model = {"type": "Sequential", "layers": layers}
    trial = hookline.train(small(epochs=1, model=model), out=tmp_path / "run")
    deployed = hookline.open_run(trial.directory).deploy("ONNX")
    assert deployed.comparison.rows > 30
    assert deployed.comparison.largest_difference <= 1e-6


def test_a_layer_without_operators_is_named_before_training(tmp_path, monkeypatch):
    from hookline_deploy.onnx_model import conversion

    monkeypatch.setattr(conversion, "translations_of_torch", dict)
    layers = [POOLED, {"type": "AdaptiveAvgPool3d", "output_size": [1, 2, 1]}, {"type": "Flatten"}]
    model = {"type": "Sequential", "layers": [*layers, {"type": "Linear", "out_features": 3}]}
    reason = (
        r"^deploy\[0\]\.type: torch\.onnx cannot convert the layer 1 \(AdaptiveAvgPool3d\)\. .*_adaptive_avg_pool3d"
    )
    with pytest.raises(hookline.HooklineError, match=reason):
        hookline.train(small(epochs=1, model=model, deploy=[{"type": "ONNX"}]), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_refused_input_of_a_pair_has_the_name_of_its_group(tmp_path):
    spec = hookline.load(SPECS / "losses/HingeEmbeddingLoss.toml", ["run.epochs=1", "callbacks=[]"])
    run = hookline.open_run(hookline.train(spec, out=tmp_path / "run").directory)
    run.deploy("ONNX")
    session = opened(run.directory / "onnx" / "model.onnx")
    feeds = {one.name: numpy.ones((4, 1)) for one in session.get_inputs()}
    names = list(feeds)
    assert names[0].startswith("input1.")
    assert names[-1].startswith("input2.")
    feeds[names[0]][1], feeds[names[-1]][1:3] = numpy.nan, numpy.inf
    refused, readable = session.run(["refused", "readable"], feeds)
    assert refused.tolist() == ["", names[0], names[-1], ""]
    assert readable.tolist() == [True, False, False, True]


def test_nothing_else_imports_onnx(tmp_path):
    code = """
import sys, hookline
from hookline.plugins.manager import Plugins
list(Plugins().catalog)
hookline.train(hookline.load(sys.argv[1], ["run.epochs=1"]), out=sys.argv[2])
assert not {"onnx", "onnxruntime", "onnxscript"} & sys.modules.keys()
"""
    words = [sys.executable, "-c", code, str(SPECS / "iris.toml"), str(tmp_path / "run")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
