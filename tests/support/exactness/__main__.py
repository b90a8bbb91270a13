"""Run all proofs, or those that are named, in one process on one thread, and print a line for each.

    python -m exactness [PROOF ...]

The exit code is 1 if a case failed.
"""

import sys
import warnings

import torch

from exactness import chains, corruption, disks, drawn_specs, kills, matrix, signals, studies, system_calls, traced

PROOFS = {
    "matrix": matrix.prove,
    "traced": traced.prove,
    "drawn": drawn_specs.prove,
    "chains": chains.prove,
    "kill": kills.prove,
    "strace": system_calls.prove,
    "corruption": corruption.prove,
    "signals": signals.prove,
    "disk": disks.prove,
    "studies": studies.prove,
}
MOST_SHOWN = 10
"""The number of failures that are printed."""


def main(names):
    """Run the proofs; return the exit code."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    failed = False
    for name in names or PROOFS:
        result = PROOFS[name]()
        failed = failed or bool(result.failures)
        sys.stdout.write(f"{result}\n" + "".join(f"  {failure}\n" for failure in result.failures[:MOST_SHOWN]))
        sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
