"""A deployed ONNX model, served without torch and the run."""

import hashlib
import json
import shutil
import subprocess
import sys

import onnx
import pytest
from served_rows import served
from small_training import SPECS, small

import hookline
from hookline.cli.main import main
from hookline.errors import HooklineError
from hookline.plugins.manager import Plugins
from hookline.serving.deployed import open_deployed
from hookline.serving.http.limits import RefusedError

KINDS = {
    "Island": {"type": "OneHotEncoder"},
    "Sex": {"type": "OneHotEncoder", "missing": "category"},
    "Clutch Completion": {"type": "Boolean"},
    "Date Egg": {"type": "Date"},
    "Body Mass (g)": {"type": "StandardScaler", "missing": "mean"},
}
PENGUIN = {"Island": "Dream", "Sex": None, "Clutch Completion": True, "Date Egg": "2008-11-03", "Body Mass (g)": 3800}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    table = {"type": "CSV", "path": str(SPECS / "data/penguins.csv"), "inputs": list(KINDS), "targets": "Species"}
    data = table | {"columns": KINDS, "validation": 0.2}
    trial = hookline.train(small(epochs=2, data=data), out=tmp_path_factory.mktemp("deployed") / "run")
    finished = hookline.open_run(trial.directory)
    finished.deploy("ONNX")
    return finished


@pytest.fixture
def deployed(run, tmp_path):
    return shutil.copytree(run.directory / "onnx", tmp_path / "onnx")


def opened(directory):
    return open_deployed(directory, Plugins().catalog)


def test_rows_are_predicted_as_by_the_run(run, deployed):
    model = opened(deployed)
    rows = [PENGUIN, {**PENGUIN, "Sex": "MALE", "Body Mass (g)": None}, {**PENGUIN, "Clutch Completion": "no"}]
    table = run.predict(rows).to_pylist()
    for own, expected in zip(served(model, rows), table, strict=True):
        assert own.pop("prediction") == expected.pop("prediction")
        assert own == pytest.approx(expected, abs=1e-6)
    assert {field.name: field.cell for field in model.fields} == {
        "Island": "text",
        "Sex": "text",
        "Clutch Completion": "text",
        "Date Egg": "time",
        "Body Mass (g)": "number",
    }
    assert served(model, [model.example])
    assert model.titles == {"target": "Species"}


@pytest.mark.parametrize(
    ("changes", "column", "message"),
    [
        ({"Body Mass (g)": "heavy"}, "Body Mass (g)", '"heavy" is not a number.'),
        ({"Date Egg": "soon"}, "Date Egg", '"soon" is not a date or time in ISO 8601.'),
        ({"Island": [1]}, "Island", "This is not a text."),
        ({"Island": "Mars"}, "Island", '"Mars" does not occur in the training rows.'),
        ({"Island": None}, "Island", "The cell is empty."),
        ({"Clutch Completion": "perhaps"}, "Clutch Completion", 'The model cannot take "perhaps".'),
    ],
)
def test_wrong_rows_are_refused_with_their_row(deployed, changes, column, message):
    with pytest.raises(RefusedError) as caught:
        served(opened(deployed), [PENGUIN, {**PENGUIN, **changes}])
    [error] = caught.value.errors
    assert (error["row"], error.get("column")) == (2, column)
    assert error["message"].startswith(message)


def test_a_missing_column_is_named(deployed):
    with pytest.raises(RefusedError, match='There is no column "Sex" in row 2'):
        served(opened(deployed), [PENGUIN, {name: cell for name, cell in PENGUIN.items() if name != "Sex"}])


def described_anew(directory):
    """Write the size and the checksum of the model to its description."""
    content = (directory / "model.onnx").read_bytes()
    description = json.loads((directory / "model.json").read_text())
    description["files"]["model.onnx"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (directory / "model.json").write_text(json.dumps(description))


def test_a_file_that_is_not_the_described_one_is_refused(deployed, capsys):
    model = deployed / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    assert main(["serve", str(deployed)]) == 2
    assert capsys.readouterr().err.startswith(f"{model}: The file is not the one that model.json describes")
    model.unlink()
    assert main(["serve", str(deployed)]) == 2
    assert capsys.readouterr().err.startswith(f"{model}: The file cannot be read: No such file or directory.")


def test_tensors_in_other_files_are_refused(deployed, capsys):
    proto = onnx.load(deployed / "model.onnx")
    onnx.save(proto, deployed / "model.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    described_anew(deployed)
    assert main(["serve", str(deployed)]) == 2
    assert "is in another file, which is not read." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"format": "hookline.onnx.9"}, "The format is hookline.onnx.9, but `hookline serve` takes hookline.onnx.1."),
        ({"format": "hookline.safetensors.1"}, "The format is hookline.safetensors.1, but"),
        ({"files": {"../x": {"size": 1, "sha256": ""}}}, "The file is in another directory than its description"),
        ({"files": {}}, "This is not the description of a deployed model"),
        ({"files": None}, "This is not the description of a deployed model"),
        ({"arguments": 3}, "This is not the description of a deployed model"),
    ],
)
def test_another_description_is_refused(deployed, change, text):
    path = deployed / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(HooklineError, match=text):
        opened(deployed)


def test_torch_is_not_imported(deployed):
    script = f"""
import sys
sys.modules["torch"] = None
from pathlib import Path
from hookline.plugins.manager import Plugins
from hookline.serving.deployed import open_deployed
model = open_deployed(Path({str(deployed)!r}), Plugins().catalog)
from hookline.serving.http.application import application
from hookline.serving.http.limits import Limits
application(model, Limits())
print(model.predicted(model.prepared([model.example]), 1)[0][0][:15])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, '{"prediction": \n'), done.stderr
