"""How much faster four workers train the trials of a study than one, on the cores of this machine.

The commands alternate, and the first trials of each, which wait for imports, are left out: the rate is that of the
trials that end in the second half. Nothing else must run. Run it with `python benchmarks/tune_workers.py`.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

SPEC = Path(__file__).parents[1] / "specs" / "breast_cancer.toml"
TRIALS, REPETITIONS = 60, 3
SPACE = '{ "optimizer.lr" = { low = 1e-4, high = 0.1, log = true } }'
CHANGES = ["run.epochs=60", "callbacks=[]", "deploy=[]", "tune.type=RandomSearch", f"tune.trials={TRIALS}"]


def seconds_for_half(workers: int) -> float:
    """Return the seconds between the ends of the trial in the middle and of the last one."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "hookline", "tune", str(SPEC), "--workers", str(workers)]
        changes = [word for change in (*CHANGES, f"tune.space={SPACE}") for word in ("--set", change)]
        words = [*command, *changes, "--out", str(Path(place) / "study")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            assert process.stdout is not None, "Its output is piped."
            ends = [time.perf_counter() for line in process.stdout if " finished " in line]
    assert len(ends) == TRIALS, f"{len(ends)} of {TRIALS} trials have ended."
    return ends[-1] - ends[TRIALS // 2 - 1]


def main() -> None:
    """Print the rates and their ratio."""
    taken: dict[int, list[float]] = {1: [], 4: []}
    for _ in range(REPETITIONS):
        for workers, seconds in taken.items():
            seconds.append(seconds_for_half(workers))
    rates = {workers: 60 * (TRIALS - TRIALS // 2) / min(seconds) for workers, seconds in taken.items()}
    for workers, rate in rates.items():
        print(f"{workers} {'worker' if workers == 1 else 'workers'}: {rate:,.0f} trials per minute")
    print(f"Four workers are {rates[4] / rates[1]:.2f} times as fast as one.")


if __name__ == "__main__":
    main()
