"""Compare the time to read and prepare a table with pyarrow's own reading time, and the memory with the tensors.

    python benchmarks/reading.py [ROWS]

A table of 20 columns (default: a million rows): ten numbers that are standardized, and numbers with missing cells,
amounts, counts, categories, a date and booleans with kinds of their own, and a target of classes. "numbers" reads the
ten numbers and the target only.

Each measurement runs in a process of its own, after it has read a small table of the same format, which excludes the
imports. pyarrow reads the whole file into its own types. The peak is that of the resident memory above the one before.
Ratios are those of the best of several interleaved measurements; on a machine with other work, compare the times of the
processor. At the end, it stratifies as many rows by 4,000 classes.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet
import torch

import hookline

FORMATS = {"CSV": "csv", "Parquet": "parquet"}
NUMBERS = ["x*", "n*"]
KINDS: dict[str, dict[str, Any]] = {
    "age": {"type": "StandardScaler", "missing": "mean"},
    "income": {"type": "RobustScaler", "missing": "median", "indicator": True},
    "amount": {"type": "Log1p"},
    "count": {"type": "MinMaxScaler"},
    "color": {"type": "OneHotEncoder"},
    "city": {"type": "OneHotEncoder", "missing": "category"},
    "day": {"type": "Date"},
    "active": {"type": "Boolean"},
    "shop": {"type": "OrdinalEncoder"},
}
SMALL = 5_000
"""The number of rows of the small table, enough for each shop to occur in the training rows."""
REPEATS = 5
"""How often to measure each time."""
CLASSES = 4_000


def make_table(directory: Path, rows: int) -> None:
    """Write the table, and a small one, as CSV and Parquet."""
    random = numpy.random.default_rng(0)

    def gaps(cells: Any, share: float) -> Any:
        return pyarrow.array(cells, mask=random.random(rows) < share)

    def chosen(names: list[str]) -> Any:
        return numpy.array(names)[random.integers(0, len(names), rows)]

    columns: dict[str, Any] = {f"x{index}": random.standard_normal(rows).round(6) for index in range(8)}
    columns |= {f"n{index}": random.integers(0, 10**6, rows) for index in range(2)}
    columns["age"] = gaps(random.integers(18, 90, rows), 0.02)
    columns["income"] = gaps(random.lognormal(10, 1, rows).round(2), 0.05)
    columns["amount"] = random.lognormal(3, 1, rows).round(2)
    columns["count"] = random.integers(0, 50, rows)
    columns["color"] = chosen(["red", "green", "blue"])
    columns["city"] = gaps(chosen([f"city {index}" for index in range(8)]), 0.01)
    columns["shop"] = chosen([f"S{index:03}" for index in range(300)])
    columns["day"] = pyarrow.array(random.integers(18_000, 20_000, rows).astype("datetime64[D]"))
    columns["active"] = random.random(rows) < 0.3
    columns["class"] = chosen([f"class {index}" for index in range(5)])
    for name, table in {"table": pyarrow.table(columns), "small": pyarrow.table(columns).slice(0, SMALL)}.items():
        pyarrow.csv.write_csv(table, directory / f"{name}.csv")
        pyarrow.parquet.write_table(table, directory / f"{name}.parquet")


def spec_of(kind: str, path: Path, what: str) -> hookline.TrainingSpec:
    """Return a spec that reads the table."""
    data: dict[str, Any] = {"type": kind, "path": str(path), "targets": "class", "validation": 0.1, "test": 0.1}
    data |= {"inputs": NUMBERS, "standardize": True}
    if what == "mixed":
        data["inputs"] = {"input": [*NUMBERS, *(name for name in KINDS if name != "shop")], "shop": "shop"}
        data |= {"standardize": {"input": True}, "columns": KINDS}
    return hookline.load(
        {
            "data": data,
            "model": {"type": "Linear", "out_features": 5},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
        }
    )


def memory(name: str) -> float:
    """Return a figure of the resident memory of this process, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def prepared(kind: str, path: Path, what: str) -> float:
    """Prepare the table, and return the size of the tensors in MiB."""
    spec = spec_of(kind, path, what)
    run = hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu"))  # type: ignore[arg-type]
    data = spec.data.prepare(run, spec.objective)
    batches = [split.all for split in data.splits().values()]  # type: ignore[attr-defined]
    tensors = [tensor for rows in batches for tensor in (*rows.inputs.values(), *rows.targets.values())]
    return float(sum(tensor.nbytes for tensor in tensors)) / 2**20


def read(kind: str, path: Path) -> float:
    """Read the table with pyarrow, and return its size in MiB."""
    table = pyarrow.csv.read_csv(path) if kind == "CSV" else pyarrow.parquet.read_table(path)
    return float(table.nbytes) / 2**20


def measured(contender: str, kind: str, directory: Path, threads: int) -> None:
    """Print seconds, seconds of the processor, the peak of the memory above that before, and the size of the result.

    Call it in a process.
    """
    pyarrow.set_cpu_count(threads)
    torch.set_num_threads(threads)
    torch.empty(1)
    table, small = (directory / f"{name}.{FORMATS[kind]}" for name in ("table", "small"))
    make = read if contender == "pyarrow" else lambda kind, path: prepared(kind, path, contender)
    make(kind, small)
    before, began, processor = memory("VmRSS:"), time.perf_counter(), time.process_time()
    size = make(kind, table)
    print(time.perf_counter() - began, time.process_time() - processor, memory("VmHWM:") - before, size)


def stratified(rows: int) -> float:
    """Return the seconds to stratify rows by classes of text."""
    from hookline_data.splitting.fractions import by_fraction

    names = numpy.array([f"class {index}" for index in range(CLASSES)])
    classes = names[numpy.random.default_rng(0).integers(0, CLASSES, rows)]
    began = time.perf_counter()
    by_fraction(rows, 0.1, 0.1, 0, classes)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    if len(sys.argv) == 5:
        measured(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        make_table(Path(name), rows)
        for kind in FORMATS:
            for threads in (1, 2):
                best: dict[str, list[float]] = {}
                for _ in range(REPEATS):
                    for contender in ("pyarrow", "mixed", "numbers"):
                        arguments = [sys.executable, __file__, contender, kind, name, str(threads)]
                        found = list(map(float, subprocess.check_output(arguments).split()))  # noqa: S603
                        best[contender] = list(map(min, found, best.get(contender, found)))
                theirs = best.pop("pyarrow")
                print(
                    f"{kind}, {rows:,} rows of 20 columns, threads: {threads}; pyarrow reads it in {theirs[0]:.2f} s "
                    f"(processor: {theirs[1]:.2f} s) with a peak of {theirs[2]:.0f} MiB"
                )
                for contender, (seconds, processor, peak, size) in best.items():
                    times = f"{seconds / theirs[0]:.2f} times as long (aim: 1.5), processor {processor / theirs[1]:.2f}"
                    print(
                        f"  {contender}: {seconds:.2f} s, {times} times; peak {peak:.0f} MiB, {peak / size:.2f} times "
                        "the tensors (aim: 2)",
                        flush=True,
                    )
    seconds = min(stratified(rows) for _ in range(REPEATS))
    print(f"stratifying {rows:,} rows by {CLASSES:,} classes: {seconds:.2f} s (aim: 1)")


if __name__ == "__main__":
    main()
