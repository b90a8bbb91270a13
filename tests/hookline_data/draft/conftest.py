"""Draft a spec in an empty directory, and train it."""

from pathlib import Path

import pytest

import hookline
from hookline.cli.main import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def new_spec(here, capsys):
    """Run `hookline new spec`, and return the exit code, the output and the errors."""

    def new_spec(*words):
        code = main(["new", "spec", *map(str, words)])
        reported = capsys.readouterr()
        return code, reported.out, reported.err

    return new_spec


@pytest.fixture
def drafted(here, new_spec, capsys):
    """Draft a spec, check it thoroughly, train it for an epoch, and return it with the output of the command."""

    def drafted(*words, trains=True):
        code, out, err = new_spec(*words, "--out", "spec.toml")
        assert (code, err) == (0, "")
        text = Path("spec.toml").read_text()
        Path("spec.toml").write_text(text.replace("epochs = 200 #", "epochs = 1 #"))
        spec = hookline.load("spec.toml")
        assert main(["check", "--deep", "spec.toml"]) == 0
        capsys.readouterr()
        if trains:
            hookline.train(spec, out=here / "run")
        return spec, out

    return drafted
