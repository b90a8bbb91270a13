"""Compare the time to read and prepare a table with pyarrow's own reading time, and the memory with the tensors.

    python benchmarks/reading.py [ROWS]

A table of 20 columns (default: a million rows): 14 numbers, 3 integers, 2 categories of text and a target of text. Each
measurement runs in a process of its own. pyarrow reads all columns of the file with all threads, into its own types.
Hookline reads the numbers and the target: "numbers" by `standardize`, "kinds" by kinds of columns that may have missing
cells.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import torch

import hookline

NUMBERS, INTEGERS = 14, 3
FORMATS = {"CSV": "table.csv", "Parquet": "table.parquet"}


def make_table(directory: Path, rows: int) -> None:
    """Write the table as CSV and Parquet."""
    random = numpy.random.default_rng(0)
    columns: dict[str, Any] = {f"x{index}": random.standard_normal(rows).round(6) for index in range(NUMBERS)}
    columns |= {f"n{index}": random.integers(0, 10**6, rows) for index in range(INTEGERS)}
    columns["color"] = numpy.array(["red", "green", "blue"])[random.integers(0, 3, rows)]
    columns["city"] = numpy.array([f"city {index}" for index in range(8)])[random.integers(0, 8, rows)]
    columns["class"] = numpy.array(["yes", "no"])[random.integers(0, 2, rows)]
    table = pyarrow.table(columns)
    pyarrow.csv.write_csv(table, directory / FORMATS["CSV"])
    pyarrow.parquet.write_table(table, directory / FORMATS["Parquet"])


def spec_of(kind: str, path: Path, what: str) -> hookline.TrainingSpec:
    """Return a spec that reads the table."""
    data: dict[str, Any] = {"type": kind, "path": str(path), "targets": "class", "validation": 0.1, "test": 0.1}
    data["inputs"] = ["x*", "n*"]
    if what == "numbers":
        data["standardize"] = True
    else:
        data["columns"] = {"x*": {"type": "StandardScaler", "missing": "mean"}, "n*": {"type": "MinMaxScaler"}}
    return hookline.load(
        {
            "data": data,
            "model": {"type": "Linear", "out_features": 2},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
        }
    )


def memory(name: str) -> float:
    """Return a figure of the resident memory of this process, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def measured(contender: str, kind: str, path: Path) -> None:
    """Print seconds, the peak of the memory above that before, and the size of the tensors. Call it in a process."""
    import pyarrow.compute  # Both contenders import it.

    if contender == "pyarrow":
        before, began = memory("VmRSS:"), time.perf_counter()
        table = pyarrow.csv.read_csv(path) if kind == "CSV" else pyarrow.parquet.read_table(path)
        print(time.perf_counter() - began, memory("VmHWM:") - before, table.nbytes / 2**20)
        return
    spec = spec_of(kind, path, contender)
    run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))  # type: ignore[arg-type]
    torch.empty(1)
    before, began = memory("VmRSS:"), time.perf_counter()
    data = spec.data.prepare(run, spec.objective)
    seconds = time.perf_counter() - began
    tensors = [
        tensor
        for batches in data.splits().values()
        for tensor in (*batches.all.inputs.values(), *batches.all.targets.values())  # type: ignore[attr-defined]
    ]
    print(seconds, memory("VmHWM:") - before, sum(tensor.nbytes for tensor in tensors) / 2**20)


def main() -> None:
    """Measure and print."""
    if len(sys.argv) == 4:
        measured(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        make_table(Path(name), rows)
        for kind, file in FORMATS.items():
            best: dict[str, list[float]] = {}
            for _ in range(3):  # The best of three, interleaved.
                for contender in ("pyarrow", "numbers", "kinds"):
                    arguments = [sys.executable, __file__, contender, kind, str(Path(name, file))]
                    found = list(map(float, subprocess.check_output(arguments).split()))  # noqa: S603
                    best[contender] = list(map(min, found, best.get(contender, found)))
            theirs = best["pyarrow"][0]
            print(f"{kind}, {rows:,} rows of 20 columns: pyarrow reads it in {theirs:.2f} s")
            for contender in ("numbers", "kinds"):
                seconds, peak, size = best[contender]
                print(
                    f"  {contender}: {seconds:.2f} s, {seconds / theirs:.2f} times as long (aim: 1.5); peak "
                    f"{peak:.0f} MiB, {peak / size:.2f} times the tensors (aim: 2)"
                )


if __name__ == "__main__":
    main()
