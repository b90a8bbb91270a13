"""Editors validate specs with the schema: Taplo, which Even Better TOML uses, lints valid and invalid specs."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from exhaustive import EXHAUSTIVE
from mutations import Mutations

from hookline.check.load import Loader

ROOT = Path(__file__).parents[2]
SPECS = sorted(ROOT.glob("specs/**/*.toml"))
TAPLO = "@taplo/cli@0.7.0"
NOT_FETCHED = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|E40[34]|E5\d\d)\b"
)
"""The messages of npm if it cannot reach the registry or download the package."""


@pytest.fixture(scope="module")
def taplo(tmp_path_factory):
    """A function that lints files and returns the names of the invalid ones."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here, which installs Taplo.")
    home = tmp_path_factory.mktemp("taplo")
    command = ["npm", "install", "--loglevel", "error", "--no-audit", "--no-fund", "--prefix", str(home), TAPLO]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    # Other errors are failures: a skipped test would find nothing.
    if done.returncode and NOT_FETCHED.search(done.stderr):
        pytest.skip(f"npm cannot install Taplo here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr[-2000:]

    program = home / "node_modules" / ".bin" / "taplo"

    def lint(*paths):
        # One directory for all files, since the command line would get too long.
        directory = Path(os.path.commonpath(paths)) if len(paths) > 1 else paths[0]
        linted = subprocess.run(
            [str(program), "lint", "--colors", "never", str(directory / "**" / "*.toml")],
            capture_output=True,
            text=True,
            check=False,
            cwd=directory,
        )
        wrong = set(re.findall(r'ERROR .*path="([^"]*)"', linted.stderr))
        assert (linted.returncode == 0) == (not wrong), linted.stderr[-2000:]
        assert f"total={len(paths)}" in linted.stderr
        return {Path(path) for path in wrong}

    return lint


def test_the_shipped_specs_are_valid(taplo):
    assert taplo(*SPECS) == set()


class Texts(Mutations):
    """One mutated text of each type, without its message."""

    def expect(self, kind, text, line, wanted, **more):
        # JSON Schema treats dates as strings and has no infinity.
        is_of_json = not re.search(r"= (1979-05-27|inf|nan)\b", text)
        if is_of_json:
            self.texts.setdefault(kind, text)


@pytest.mark.parametrize("specs", [SPECS[::9], pytest.param(SPECS, marks=EXHAUSTIVE)], ids=["sample", "all"])
def test_mutated_specs_are_invalid(taplo, tmp_path, specs):
    loader = Loader()
    for path in specs:
        texts = Texts(path, loader)
        texts.texts = {}
        texts.run()
        assert len(texts.texts) >= 8
        for kind, text in texts.texts.items():
            schema = f"#:schema {ROOT / 'specs' / 'schema.json'}\n"
            name = f"{path.parent.name}-{path.stem}-{kind.replace(' ', '-')}.toml"
            (tmp_path / name).write_text(schema + text.partition("\n")[2])
    mutated = sorted(tmp_path.glob("*.toml"))
    assert taplo(*mutated) == set(mutated)


EXTENDING = """\
extends = "../iris.toml"

[optimizer]
lr = 0.1

[metrics]
F1Score = false

[callbacks.stopping]
type = "EarlyStopping"
"""


CASES = [
    ("", "", True),
    ('extends = "../iris.toml"\n', "", False),
    ("lr = 0.1", 'type = "SGD"\nlr = 0.1', True),
    ("lr = 0.1", 'type = "SGD"\nlr = "fast"', False),
    ("[optimizer]", "[optimiser]", False),
    ("lr = 0.1", "lrr = 0.1", False),
    ("lr = 0.1", "lr = 0.1\n[callbacks.EarlyStopping]\npatience = 3", True),
    ("lr = 0.1", "lr = 0.1\n[callbacks.EarlyStopping]\npatienc = 3", False),
    ("lr = 0.1", 'lr = 0.1\n[callbacks.more]\ntype = "EarlyStopping"\npatience = 3', True),
    ("lr = 0.1", 'lr = 0.1\n[callbacks.more]\ntype = "EarlyStoping"\npatience = 3', False),
    ("lr = 0.1", "lr = 0.1\n[callbacks]\nEarlyStopping = false", True),
    ("lr = 0.1", "lr = 0.1\n[callbacks]\nEarlyStopping = true", False),
    ('"../iris.toml"', "3", False),
    ('"../iris.toml"', '["../iris.toml", "../digits.toml"]', True),
]
"""What is replaced in the spec by what, and whether the spec is then valid."""


@pytest.fixture(scope="module")
def invalid(taplo, tmp_path_factory):
    """The numbers of the cases that Taplo reports. It starts once for all of them, since that takes seconds."""
    directory = tmp_path_factory.mktemp("extending")
    paths = [directory / f"{number}.toml" for number in range(len(CASES))]
    for path, (old, new, _) in zip(paths, CASES, strict=True):
        assert old in EXTENDING
        path.write_text(f"#:schema {ROOT / 'specs' / 'schema.json'}\n{EXTENDING.replace(old, new, 1)}")
    return {int(path.stem) for path in taplo(*paths)}


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: CASES[number][1])
def test_an_extending_spec_may_omit_required_keys(invalid, number):
    assert (number not in invalid) == CASES[number][2]
