"""Check that onnxruntime alone predicts what `hookline predict` does, for every shipped spec.

    python benchmarks/onnx_alone.py [--epochs N] [SPEC ...]

Each spec (default: all below `specs/` without [tune]) is trained as it is, or for N epochs, and deployed as ONNX. The
example rows of the run, and copies of them with missing and unseen cells, are predicted by the run. Then a process in a
new virtual environment with numpy and onnxruntime and nothing else predicts the same rows with the ONNX models: labels
must be equal, and numbers may differ by 1e-6, or by what the model in memory rounds itself. The exit code is 1 if a
spec differs or cannot be deployed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy

import hookline
from hookline.data import Batch
from hookline.training import Deployment

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "specs"
PACKAGES = ("numpy", "onnxruntime")
PARTS = ("prediction", "probability", "probabilities", "output")

CLIENT = """
import importlib.util, json, pathlib, sys
import numpy, onnxruntime
for name in ("torch", "hookline", "onnx", "pyarrow", "pandas"):
    assert importlib.util.find_spec(name) is None, name
wrong = 0
for place in map(pathlib.Path, sys.argv[1:]):
    expected = json.loads((place / "expected.json").read_text())
    with numpy.load(place / "rows.npz") as file:
        feeds = {name: array.astype(object) if array.dtype.kind == "U" else array for name, array in file.items()}
    session = onnxruntime.InferenceSession(place / "onnx" / "model.onnx")
    outputs = json.loads(session.get_modelmeta().custom_metadata_map["hookline"])["outputs"]
    found = dict(zip([one["name"] for one in outputs], session.run([one["name"] for one in outputs], feeds)))
    rows = len(next(iter(feeds.values())))
    is_readable = found.get("readable", numpy.ones(rows, dtype=bool))
    largest, problems, labels, numbers = 0.0, [], 0, 0
    for output in outputs:
        for index, name in enumerate(output["columns"]):
            array, wanted = found[output["name"]], expected[name]
            if len(output["columns"]) > 1 or output["shape"][1:] == [1]:
                array = array[:, index]
            if [cell is not None for cell in wanted] != is_readable.tolist():
                problems.append(f"{name}: other rows are refused")
                continue
            cells = [cell for cell, kept in zip(array.tolist(), is_readable) if kept]
            wanted = [cell for cell in wanted if cell is not None]
            if "join" in output:
                cells = [output["join"].join(part for part in cell if part) for cell in cells]
            if array.dtype.kind == "f":
                one, other = numpy.array(cells, dtype=float), numpy.array(wanted, dtype=float)
                scale = max(1.0, abs(other).max(initial=0.0))
                numbers += one.size
                largest = max(largest, float(abs(one - other).max(initial=0.0)) / scale)
            else:
                labels += len(cells)
                if cells != wanted:
                    problems.append(f"{name}: other labels")
    if not labels + numbers:
        problems.append("nothing is compared")
    # A model with large outputs rounds in memory, too: this much was measured against float64 when it was deployed.
    rounding = json.loads((place / "onnx" / "model.json").read_text())["compared"]["rounding"]
    if not largest <= max(1e-6, rounding) + rounding:
        problems.append("more than 1e-6")
    refused = rows - int(is_readable.sum())
    counts = f"{rows - refused:4} rows, {refused:3} refused, {labels:5} labels, {numbers:7} numbers"
    rounded = f" (of the model in memory to itself in float64: {rounding:.1e})" if rounding else ""
    print(f"{place.name:40} {counts}, largest difference {largest:.1e}{rounded}", *problems)
    wrong += bool(problems)
print(f"{len(sys.argv) - 1} specs, {wrong} differ (onnxruntime {onnxruntime.__version__}, numpy {numpy.__version__})")
sys.exit(bool(wrong))
"""


def prepared(name: str, place: Path, epochs: int | None) -> None:
    """Train a spec, deploy it, and write its example rows and their predictions."""
    changes = ["deploy=[]", *([] if epochs is None else [f"run.epochs={epochs}"])]
    spec = hookline.load(SPECS / f"{name}.toml", changes)
    trial = hookline.train(spec, out=place)
    run = hookline.open_run(trial.directory)
    run.deploy("ONNX")
    with run.opened() as opened:
        made = Deployment.of_data(opened, run.prepared_data(opened), run.model, run.criterion)
        rows: Any = made.rows
        arrays = made.raw_inputs.arrays(rows)
        if isinstance(rows, Batch):  # The source has no rows of its own.
            expected = {column: values.to_pylist() for column, values in made.expected.items()}
    if not isinstance(rows, Batch):
        expected = {}
        for part in PARTS:
            with suppress(hookline.HooklineError):  # Not every loss offers every part.
                expected |= run.predict(rows, columns=[part], skip_bad_rows=True).to_pydict()
    numpy.savez(place / "rows.npz", **{key: a.astype(str) if a.dtype.kind == "O" else a for key, a in arrays.items()})
    (place / "expected.json").write_text(json.dumps(expected))


def main() -> int:
    """Check the specs of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("specs", nargs="*", metavar="SPEC")
    parser.add_argument("--epochs", type=int)
    arguments = parser.parse_args()
    # Those with [tune] have no single training.
    paths = [path for path in SPECS.rglob("*.toml") if hookline.load(path).tune is None]
    every = sorted(path.relative_to(SPECS).with_suffix("").as_posix() for path in paths)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as directory:
        places, failed = [], 0
        for name in arguments.specs or every:
            place = Path(directory) / name.replace("/", ".")
            try:
                prepared(name, place, arguments.epochs)
            except hookline.HooklineError as error:
                print(f"{name}: {error}", flush=True)
                failed += 1
                continue
            places.append(place)
        environment = Path(directory) / "environment"
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        constraints = ROOT / "constraints.txt"
        install = [python, "-m", "pip", "install", "-q", "-c", constraints, *PACKAGES]
        subprocess.run(install, check=True)  # noqa: S603
        checked = subprocess.run([python, "-I", "-c", CLIENT, *places], check=False)  # noqa: S603
        print(f"{failed} others cannot be trained or deployed")
        return int(bool(checked.returncode or failed))


if __name__ == "__main__":
    sys.exit(main())
