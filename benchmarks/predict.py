"""Compare the speed of predicting a CSV file with that of pyarrow and the bare model, and the memory for more rows.

    python benchmarks/predict.py [ROWS]

A small classifier of ten columns predicts the rows (default: a million), on one thread of the CPU. Each measurement
runs in a process of its own. The hand-written script reads the file with pyarrow in blocks, applies the model to
batches of the same size, and takes the class and the probabilities of each row.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import pyarrow
import pyarrow.csv
import torch

import hookline

FEATURES, CLASSES, HIDDEN = 10, 3, 32
BATCH_SIZE = 4096


def make_table(path: Path, rows: int) -> None:
    """Write a file of random numbers with a column of classes."""
    random = numpy.random.default_rng(0)
    columns = {f"x{index}": random.standard_normal(rows).astype("float32") for index in range(FEATURES)}
    columns["class"] = numpy.array(["red", "green", "blue"])[random.integers(0, CLASSES, rows)]
    pyarrow.csv.write_csv(pyarrow.table(columns), path)


def train(directory: Path) -> None:
    """Train the classifier, on few rows."""
    make_table(directory / "training.csv", 1000)
    layers = [{"type": "Linear", "out_features": HIDDEN}, {"type": "ReLU"}, {"type": "Linear", "out_features": CLASSES}]
    spec = {
        "run": {"epochs": 1, "device": "cpu"},
        "data": {"type": "CSV", "path": str(directory / "training.csv"), "targets": "class", "standardize": True},
        "model": {"type": "Sequential", "layers": layers},
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "Adam"},
    }
    hookline.train(hookline.load(spec), out=directory / "run")


def by_hand(run: hookline.FinishedRun, path: Path) -> int:
    """Predict with pyarrow and the model; return the number of rows."""
    classes = pyarrow.array(run.data.targets["target"].classes)
    prepared = run.data.preparation["input"]
    mean, deviation = (numpy.array(prepared[name]) for name in ("mean", "std"))
    options = pyarrow.csv.ReadOptions(block_size=2**21, use_threads=False)
    convert = pyarrow.csv.ConvertOptions(include_columns=prepared["columns"])
    rows = 0
    with torch.no_grad(), pyarrow.csv.open_csv(path, options, convert_options=convert) as reader:
        for block in reader:
            numbers = numpy.column_stack([column.to_numpy() for column in block.columns])
            inputs = torch.from_numpy(((numbers - mean) / deviation).astype("float32"))
            found = torch.cat([run.model(batch).softmax(dim=1) for batch in inputs.split(BATCH_SIZE)])
            names = classes.take(pyarrow.array(found.argmax(dim=1).numpy()))
            made = [names, *(pyarrow.array(column.numpy()) for column in found.T.contiguous())]
            rows += len(made[0])
    return rows


def by_hookline(run: hookline.FinishedRun, path: Path) -> int:
    """Predict with Hookline; return the number of rows."""
    return sum(batch.num_rows for batch in run.predictions(path, batch_size=BATCH_SIZE))


def peak() -> float:
    """Return the peak of the resident memory of this process, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def measured(contender: str, directory: Path, path: Path) -> None:
    """Print the rows per second and the peak memory. Call this in a process of its own."""
    torch.set_num_threads(1)
    run = hookline.open_run(directory / "run")
    predict = by_hand if contender == "by hand" else by_hookline
    predict(run, directory / "training.csv")  # Imports what is needed.
    began = time.perf_counter()
    rows = predict(run, path)
    print(rows / (time.perf_counter() - began), peak())


def main() -> None:
    """Measure and print."""
    if len(sys.argv) == 4:
        measured(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        train(directory)
        found: dict[tuple[str, int], tuple[float, float]] = {}
        for count in (rows // 10, rows):
            make_table(directory / "new.csv", count)
            for _ in range(3):  # The best of three, interleaved.
                for contender in ("Hookline", "by hand"):
                    arguments = [sys.executable, __file__, contender, name, str(directory / "new.csv")]
                    speed, memory = map(float, subprocess.check_output(arguments).split())  # noqa: S603
                    best = found.get((contender, count), (0.0, memory))
                    found[contender, count] = max(best[0], speed), min(best[1], memory)
    ours, theirs = found["Hookline", rows][0], found["by hand", rows][0]
    print(f"{rows:,} rows: {ours:,.0f} rows/s, by hand {theirs:,.0f} rows/s, ratio {ours / theirs:.2f} (aim: 0.7)")
    few, many = found["Hookline", rows // 10][1], found["Hookline", rows][1]
    print(f"peak memory: {few:.0f} MiB for {rows // 10:,} rows, {many:.0f} MiB for {rows:,} rows (aim: the same)")


if __name__ == "__main__":
    main()
