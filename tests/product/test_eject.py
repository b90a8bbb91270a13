"""The scripts of `hookline eject` compute what `hookline train` computes: losses and weights bit for bit.

`make eject` compares every shipped spec in full, prints a row for each, and checks the scripts with
ruff.
"""

import sys
import tempfile
import time
from pathlib import Path

import ejected
import pytest
from exhaustive import sampled

import hookline
from hookline.errors import SpecError

ROOT = Path(__file__).parents[2]
SPECS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "specs").rglob("*.toml"))
NOT_EJECTABLE = {
    spec: [
        "tune: A script trains once, but a search trains many times. Search first, and eject the spec of the best "
        f"trial: `hookline eject runs/{Path(spec).stem}/1/best.toml`.",
    ]
    for spec in SPECS
    if spec.startswith("specs/tuning/")
}
"""The parts of shipped specs that cannot be written."""
QUICK = {
    "specs/iris.toml": ["run.epochs=3"],
    "specs/breast_cancer.toml": ["run.epochs=5", "callbacks.0.patience=1"],
    "specs/diabetes.toml": ["run.epochs=2"],
    "specs/limited.toml": ["run.max_steps=60", "run.validate_every_steps=20"],
    "specs/several_losses.toml": ["run.epochs=2"],
    "specs/first_network.toml": ["run.epochs=2"],
    "specs/callbacks/NaNGuard.toml": ["run.epochs=2"],
    "specs/losses/GaussianNLLLoss.toml": ["run.epochs=2"],
    "specs/losses/MarginRankingLoss.toml": ["run.epochs=2"],
    "specs/losses/HuberLoss.toml": ["run.epochs=2"],
    "specs/penguins.toml": ["run.epochs=2"],
    "specs/diabetes_export.toml": ["run.epochs=2"],
    "specs/digit_images.toml": ["run.epochs=2"],
    "specs/splits/groups.toml": ["run.epochs=2"],
    "specs/splits/times.toml": ["run.epochs=2"],
    "specs/streamed.toml": ["run.epochs=1"],
    "specs/tabular/FTTransformer.toml": ["run.epochs=1"],
}
"""The specs that every run of the tests compares, and what makes them fast."""


@pytest.mark.parametrize("spec", sampled([spec for spec in SPECS if spec not in NOT_EJECTABLE], QUICK))
def test_a_script_trains_to_the_same_bits(spec, monkeypatch):
    monkeypatch.chdir(ROOT)
    changes = QUICK.get(spec, [])
    _, found = ejected.compare(spec, changes)
    assert found == []


@pytest.mark.parametrize("spec", NOT_EJECTABLE)
def test_what_cannot_be_written_is_named(spec, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SpecError) as raised:
        hookline.eject(hookline.load(spec))
    assert [(problem.id, str(problem)) for problem in raised.value.problems] == [
        ("not-ejectable", message) for message in NOT_EJECTABLE[spec]
    ]


def test_scripts_pass_ruff(tmp_path, monkeypatch):
    pytest.importorskip("ruff")
    monkeypatch.chdir(ROOT)
    for spec in QUICK:
        script = hookline.eject(hookline.load(spec))
        (tmp_path / f"{Path(spec).stem}.py").write_text(script)
    assert ejected.lint(tmp_path) == ""


def report(line):
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main():
    """Compare every shipped spec, and print a row for each."""
    wrong = 0
    with tempfile.TemporaryDirectory() as scripts:
        for spec in SPECS:
            started = time.perf_counter()
            try:
                script, found = ejected.compare(spec)
            except SpecError as error:
                report(f"{spec}: cannot be written. {error}")
                wrong += spec not in NOT_EJECTABLE
                continue
            Path(scripts, spec.replace("/", "_").replace(".toml", ".py")).write_text(script, encoding="utf-8")
            lines = len(script.splitlines())
            wrong += bool(found)
            result = "; ".join(found) or "the same bits"
            report(f"{spec}: {result}, {lines} lines, {time.perf_counter() - started:.1f} s")
        said = ejected.lint(scripts)
        report(said or "All scripts pass ruff.")
    return int(bool(wrong or said))


if __name__ == "__main__":
    sys.exit(main())
