"""Break every path, bound, choice and key of search spaces: the check reports that problem, exactly there, and no other."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from exhaustive import EXHAUSTIVE

ROOT = Path(__file__).parents[2]
SHIPPED = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("specs/tuning/*.toml"))]
KINDS = {
    "bound of another type",
    "bound outside the option's own",
    "choice of another type",
    "choice twice",
    "empty space",
    "fraction for an integer",
    "log with 0 or less",
    "log with step",
    "low above high",
    "low equals high",
    "no choices",
    "no space",
    "no such element",
    "step of 0 or less",
    "step that does not divide",
    "typo in a key of a range",
    "typo in an option of a choice",
    "typo in the type of a choice",
    "unknown monitor",
    "unknown path",
    "wrong number of trials",
}


@pytest.mark.parametrize(
    "names",
    [("nested", "combined"), *(pytest.param((name,), marks=EXHAUSTIVE) for name in ("inline", "layers", *SHIPPED))],
    ids="+".join,
)
def test_every_mutation_of_a_space_is_reported_alone_and_exactly_at_its_place(names, capsys):
    command = [sys.executable, str(ROOT / "tests" / "support" / "space_mutations.py"), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    reported = json.loads(done.stdout)
    counts = Counter(reported["counts"])
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *(f"  {kind:<34} {count:>4} reported" for kind, count in counts.items()), ""]))
    assert reported["failures"] == []
    assert reported["imported"] == []
    if names == ("inline",):
        assert set(counts) >= KINDS
