"""The scripts of each option of the data sources, column kinds and transforms give the same losses and weights.

`make eject` compares all of them; the tests compare some.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import data_of_scripts
import ejected
import pytest
import rows_for_scripts
from exhaustive import sampled

import hookline
from hookline.errors import SpecError

ROOT = Path(__file__).parents[2]
NAMES = list(data_of_scripts.cases(Path("files")))
QUICK = [
    *("sampler balanced", "missing_targets drop of classes", "standardize beside a kind"),
    *("validation file and fraction", "groups balanced", "times and folds and test", "Arrow kinds", "NPZ files"),
    *("Images and numbers", "ImageFolder folders", "stream of windows with kinds"),
]
"""The specs that every run of the tests compares."""


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """The specs, by name, with their files."""
    folder = tmp_path_factory.mktemp("files")
    rows_for_scripts.write(folder)
    return data_of_scripts.cases(folder)


def compare(spec):
    """Return the script of a spec, and what differs between the training and the script."""
    with tempfile.TemporaryDirectory() as directory, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = hookline.load(spec)
        script = hookline.eject(loaded)
        trial = hookline.train(loaded, out=Path(directory) / "run")
        return script, ejected.differences(trial, ejected.run_script(script, directory))


@pytest.mark.parametrize("name", sampled(NAMES, QUICK))
def test_a_script_of_an_option_trains_to_the_same_bits(name, cases):
    _, found = compare(cases[name])
    assert found == []


def main(pattern=""):
    """Compare the specs whose name contains the pattern, and print a row for each."""
    wrong = refused = number = 0
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as scripts:
        rows_for_scripts.write(Path(directory))
        for name, spec in data_of_scripts.cases(Path(directory)).items():
            if pattern not in name:
                continue
            number += 1
            try:
                script, found = compare(spec)
            except SpecError as error:
                refused += 1
                sys.stdout.write(f"{name}: cannot be written. {' '.join(map(str, error.problems))}\n")
                continue
            except Exception as error:  # noqa: BLE001 - The other specs are compared, too.
                wrong += 1
                sys.stdout.write(f"{name}: {type(error).__name__}: {error}\n")
                continue
            wrong += bool(found)
            if pattern:
                sys.stdout.write(script)
            Path(scripts, f"{number}.py").write_text(f"# {name}\n{script}", encoding="utf-8")
            sys.stdout.write(f"{name}: {'; '.join(found) or 'the same bits'}\n")
            sys.stdout.flush()
        said = ejected.lint(scripts)
        sys.stdout.write(said)
    sys.stdout.write(f"{number} specs: {number - refused - wrong} give the same bits, {refused} cannot be written.\n")
    return int(bool(wrong or said))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
