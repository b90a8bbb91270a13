"""Break every key and every value of every shipped spec in turn: the check reports that problem and no other."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPECS = [
    sorted(ROOT.glob("specs/*.toml")),
    sorted(ROOT.glob("specs/losses/*.toml")),
    sorted(ROOT.glob("specs/optimizers/*.toml")),
    sorted(ROOT.glob("specs/callbacks/*.toml")),
]
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


@pytest.mark.parametrize("specs", SPECS, ids=["specs", "losses", "optimizers", "callbacks"])
def test_every_mutation_is_reported_alone_and_on_its_line(specs, capsys):
    command = [sys.executable, str(ROOT / "tests" / "support" / "mutations.py"), *map(str, specs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    told = json.loads(done.stdout)
    counts = Counter(told["counts"])
    table = [f"  {kind:<22} {counts[kind]:>6} told, {counts[f'{kind}: suggested']:>6} well" for kind in sorted(KINDS)]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *table, ""]))
    assert told["failures"] == []
    assert told["imported"] == []
    assert {kind for kind in KINDS if counts[kind] >= len(specs)} == KINDS
    for kind in KINDS:
        # Of names a few are nearer to another one than to that which was meant; all else is told as it should be.
        least = 0.95 if kind.startswith(("typo", "moved")) else 1
        assert counts[f"{kind}: suggested"] >= least * counts[kind], kind
