"""Run an ONNX model in another process, as its users do: with onnxruntime and NumPy, without Hookline and torch."""

import json
import subprocess
import sys

import numpy

CLIENT = """
import json, sys
for name in ("torch", "hookline", "onnx", "onnxscript", "pyarrow"):
    sys.modules[name] = None  # Importing them is an error.
import numpy, onnxruntime
model, given, out = sys.argv[1:]
with numpy.load(given) as arrays:
    feeds = {name: array.astype(object) if array.dtype.kind == "U" else array for name, array in arrays.items()}
session = onnxruntime.InferenceSession(model)
names = [one.name for one in session.get_outputs()]
found = dict(zip(names, session.run(names, feeds)))
numpy.savez(out, **{name: a.astype(str) if a.dtype.kind == "O" else a for name, a in found.items()})
"""


def run_alone(model, feeds, place):
    """The outputs of a model by name."""
    texts = {name: array.astype(str) if array.dtype.kind == "O" else array for name, array in feeds.items()}
    numpy.savez(place / "given.npz", **texts)
    words = [sys.executable, "-I", "-c", CLIENT, str(model), str(place / "given.npz"), str(place / "found.npz")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with numpy.load(place / "found.npz") as arrays:
        return dict(arrays)


def described(directory):
    """The description of a deployed model."""
    return json.loads((directory / "model.json").read_text())


def fed(table, description):
    """Columns of Arrow as the inputs of a model, made as its description says, without Hookline's code."""
    feeds = {}
    for one in description["arguments"]:
        cells = table.column(one["name"]).to_pylist()
        if one["dtype"] == "string":
            array = numpy.array(["" if cell is None else str(cell).strip() for cell in cells], dtype=object)
        elif one["meaning"].startswith("The microseconds"):
            array = numpy.array(["NaT" if cell is None else cell for cell in cells], "datetime64[us]").astype("int64")
        else:
            array = numpy.array([numpy.nan if cell is None else cell for cell in cells], dtype=one["dtype"])
        feeds[one["name"]] = array.reshape(len(cells), *one["shape"][1:])
    return feeds
