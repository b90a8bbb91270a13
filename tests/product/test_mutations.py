"""Break every key and every value of every shipped spec in turn: the check reports that problem and no other."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from exhaustive import EXHAUSTIVE

ROOT = Path(__file__).parents[2]
SPECS = {folder: sorted(ROOT.glob(f"specs/{folder}/*.toml")) for folder in (".", "losses", "optimizers", "callbacks")}
SAMPLE = [
    ROOT / "specs" / f"{name}.toml"
    for name in ("iris", "several_losses", "optimizers/Muon", "callbacks/LearningRateFinder")
]
"""Four files with a mutation of each kind."""
KINDS = {
    "typo in a key",
    "typo in a type",
    "wrong type",
    "out of bounds",
    "moved key",
    "key twice",
    "section twice",
    "removed required key",
    "removed type",
    "removed section",
}


@pytest.mark.parametrize(
    "specs", [SAMPLE, *(pytest.param(specs, marks=EXHAUSTIVE) for specs in SPECS.values())], ids=["sample", *SPECS]
)
def test_every_mutation_is_reported_alone_and_on_its_line(specs, capsys):
    command = [sys.executable, str(ROOT / "tests" / "support" / "mutations.py"), *map(str, specs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    reported = json.loads(done.stdout)
    counts = Counter(reported["counts"])
    table = [
        f"  {kind:<22} {counts[kind]:>6} reported, {counts[f'{kind}: suggested']:>6} well" for kind in sorted(KINDS)
    ]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *table, ""]))
    assert reported["failures"] == []
    assert reported["imported"] == []
    assert {kind for kind in KINDS if counts[kind] >= len(specs)} == KINDS
    for kind in KINDS:
        # A few typos are closer to another name than to the intended one; everything else is reported correctly.
        least = 0.95 if kind.startswith(("typo", "moved")) else 1
        assert counts[f"{kind}: suggested"] >= least * counts[kind], kind
