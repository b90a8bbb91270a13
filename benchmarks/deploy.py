"""Compare a deployed ONNX model with the model in torch: the time to load it, and the time for each row.

    python benchmarks/deploy.py [SPEC ...]

The specs (default: those of a perceptron with few and with many columns) are trained for one epoch and deployed. A new
process loads the ONNX model with onnxruntime and predicts a row. Then rows are predicted one by one, and 1,000 at once,
on one thread of the CPU: by onnxruntime from raw columns to labels and probabilities, and by the model in torch from
prepared tensors to its outputs.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy
import onnxruntime
import torch

import hookline
from hookline.training import Deployment

SPECS = Path(__file__).parents[1] / "specs"
DEFAULT = ("iris", "tabular/MLP", "transformer")
SECONDS = 1.0
PROCESSES = 5

COLD = """
import sys, time
began = time.perf_counter()
import numpy, onnxruntime
imported = time.perf_counter()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
before = time.process_time()
session = onnxruntime.InferenceSession(sys.argv[1], options)
loaded, on_cpu = time.perf_counter(), time.process_time() - before
with numpy.load(sys.argv[2]) as arrays:
    row = {name: array[:1] for name, array in arrays.items()}
ready = time.perf_counter()
session.run(None, row)
print(imported - began, loaded - imported, on_cpu, time.perf_counter() - ready)
"""


def seconds_of(function: Callable[[], object]) -> float:
    """Return the median time of a call."""
    times = []
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until or len(times) < 5:
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return median(times)


def cold(model: Path, rows: Path) -> list[float]:
    """Return the milliseconds to import onnxruntime, to load a model (also on the CPU alone), and to predict a row."""
    words = [sys.executable, "-c", COLD, str(model), str(rows)]
    seconds = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    return [float(one) * 1e3 for one in seconds]


def measured(name: str, place: Path) -> None:
    """Train a spec, deploy its model and measure it."""
    spec = hookline.load(SPECS / f"{name}.toml", ["run.epochs=1", "deploy=[]"])
    run = hookline.open_run(hookline.train(spec, out=place).directory)
    model = run.deploy("ONNX").place / "model.onnx"
    with run.opened() as opened:
        deployment = Deployment.of_data(opened, run.prepared_data(opened), run.model, run.criterion)
        arrays, [inputs] = deployment.raw_inputs.arrays(deployment.examples), deployment.batch.inputs.values()
    rows = place / "rows.npz"
    numpy.savez(rows, **arrays)
    begin = [median(times) for times in zip(*(cold(model, rows) for _ in range(PROCESSES)), strict=True)]
    load = f"load {begin[1]:.1f} ms ({begin[2]:.1f} ms on the CPU)"
    print(f"{name}: import {begin[0]:.0f} ms, {load}, first row {begin[3]:.2f} ms", flush=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options)
    for count in (1, 1000):
        feeds = {key: numpy.resize(array, (count, *array.shape[1:])) for key, array in arrays.items()}
        prepared = inputs[torch.arange(count) % len(inputs)]
        with torch.no_grad():
            by_torch = seconds_of(partial(run.model, prepared)) / count
        by_onnx = seconds_of(partial(session.run, None, feeds)) / count
        print(
            f"  {count:>5} rows: onnxruntime {by_onnx * 1e6:8.2f} µs a row, torch {by_torch * 1e6:8.2f} µs", flush=True
        )


def main() -> None:
    """Measure the specs of the command line."""
    torch.set_num_threads(1)
    for name in sys.argv[1:] or DEFAULT:
        with tempfile.TemporaryDirectory() as directory:
            measured(name, Path(directory) / "run")


if __name__ == "__main__":
    main()
