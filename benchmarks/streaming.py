"""Compare streamed training with training in memory: the time for each row, and the memory for more rows.

    python benchmarks/streaming.py [ROWS]

A table of 6 columns (4 numbers, a category of text and a number to predict), as Parquet and as CSV, trains a small
network for two epochs, on one thread of the CPU. The time is that of the second epoch; the seconds before training are
those of reading, and of reading twice if it is streamed. Each measurement runs in a process of its own. The memory is
measured for a tenth of the rows, too: it should not grow with their number (default: ten million). The files take about
1 GB, and are deleted afterwards.
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

NUMBERS = 4
BLOCK = 2**18
FORMATS = {"Parquet": "table.parquet", "CSV": "table.csv"}


def make_tables(directory: Path, rows: int) -> None:
    """Write the table in both formats, block by block."""
    random = numpy.random.default_rng(0)
    towns = numpy.array([f"town {index}" for index in range(8)])
    writers: list[Any] = []
    for first in range(0, rows, BLOCK):
        size = min(BLOCK, rows - first)
        columns: dict[str, Any] = {f"x{index}": random.standard_normal(size).round(4) for index in range(NUMBERS)}
        columns["town"] = towns[random.integers(0, 8, size)]
        columns["y"] = (columns["x0"] - columns["x1"] + random.standard_normal(size)).round(4)
        table = pyarrow.table(columns)
        if not writers:
            writers = [
                pyarrow.parquet.ParquetWriter(directory / FORMATS["Parquet"], table.schema),
                pyarrow.csv.CSVWriter(directory / FORMATS["CSV"], table.schema),
            ]
        writers[0].write_table(table, row_group_size=2**16)
        writers[1].write_table(table)
    for writer in writers:
        writer.close()


class Watch:
    """Notes when training begins and when each epoch ends."""

    def __init__(self) -> None:
        """Begin without times."""
        self.times: list[float] = []

    @hookline.hookimpl(wrapper=True)
    def fit(self) -> Any:
        """Note the beginning."""
        self.times.append(time.perf_counter())
        return (yield)

    @hookline.hookimpl(wrapper=True)
    def log(self) -> Any:
        """Note the end of an epoch."""
        self.times.append(time.perf_counter())
        return (yield)


def spec_of(kind: str, path: Path, batch_size: int, *, stream: bool) -> hookline.TrainingSpec:
    """Return a spec that trains with the table."""
    layers = [{"type": "Linear", "out_features": 32}, {"type": "ReLU"}, {"type": "Linear", "out_features": 1}]
    return hookline.load(
        {
            "run": {"epochs": 2, "device": "cpu", "evaluate_training": False},
            "data": data_of(kind, path, batch_size, stream=stream),
            "model": {"type": "Sequential", "layers": layers},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.01},
        }
    )


def data_of(kind: str, path: Path, batch_size: int, *, stream: bool) -> dict[str, Any]:
    """Return the section of the data."""
    kinds = {"x*": {"type": "StandardScaler"}, "town": {"type": "OneHotEncoder"}}
    data = {"type": kind, "path": str(path), "targets": "y", "batch_size": batch_size, "columns": kinds}
    return {**data, "stream": True} if stream else data


def memory(name: str) -> float:
    """Return a figure of the resident memory of this process, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def measured(contender: str, kind: str, path: Path, batch_size: int) -> None:
    """Print microseconds per row, seconds before training and the growth of the memory. Call it in a process."""
    torch.set_num_threads(1)
    spec = spec_of(kind, path, batch_size, stream=contender == "streamed")
    watch, before, began = Watch(), memory("VmRSS:"), time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        trial = hookline.train(spec, plugins=[watch], out=Path(out) / "run")
    start, first, second = watch.times
    rows = trial.data.training.rows
    print((second - first) / rows * 1e6, start - began, memory("VmHWM:") - before)


def compare(directory: Path, rows: int, *, with_memory: bool, batch_sizes: tuple[int, ...]) -> dict[str, float]:
    """Measure and print the contenders, and return the memory of the streams."""
    make_tables(directory, rows)
    peaks: dict[str, float] = {}
    for kind, file in FORMATS.items():
        for batch_size in batch_sizes:
            found: dict[str, list[float]] = {}
            for _ in range(3):  # The best of three, interleaved.
                for contender in ("in memory", "streamed") if with_memory else ("streamed",):
                    arguments = [sys.executable, __file__, contender, kind, str(directory / file), str(batch_size)]
                    one = list(map(float, subprocess.check_output(arguments).split()))  # noqa: S603
                    found[contender] = list(map(min, one, found.get(contender, one)))
                if not with_memory:
                    break
            peaks[kind] = found["streamed"][2]
            print(f"{kind}, {rows:,} rows, batches of {batch_size}:")
            for contender, (each, seconds, peak) in found.items():
                print(f"  {contender}: {each:.2f} µs per row, {seconds:.1f} s before training, {peak:.0f} MiB")
            if with_memory:
                ratio = found["streamed"][0] / found["in memory"][0]
                print(f"  streamed training takes {ratio:.2f} times as long for each row (aim: at most 3)")
    return peaks


def main() -> None:
    """Measure and print."""
    if len(sys.argv) == 5:
        measured(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        few = compare(Path(name), rows // 10, with_memory=True, batch_sizes=(256, 4096))
        many = compare(Path(name), rows, with_memory=False, batch_sizes=(4096,))
    for kind, peak in many.items():
        print(f"{kind}: {few[kind]:.0f} MiB for {rows // 10:,} rows, {peak:.0f} MiB for {rows:,} rows (aim: the same)")


if __name__ == "__main__":
    main()
