import json
import tomllib
from pathlib import Path

import pytest

from hookline.cli.drafts.plugin import EXAMPLES, files
from hookline.cli.main import main
from hookline.plugins.sources.local import from_file
from hookline.testing.conformity import cases
from hookline.testing.outcomes import NotApplicable


@pytest.fixture
def written(tmp_path, monkeypatch, capsys):
    """Writes a plugin with the command and returns its directory."""
    monkeypatch.chdir(tmp_path)

    def written(*words):
        assert main(["new", "plugin", *words]) == 0
        [first, *_] = capsys.readouterr().out.splitlines()
        return tmp_path / first.removeprefix("Created ").removesuffix(":")

    return written


@pytest.mark.parametrize("family", EXAMPLES)
def test_the_template_passes_every_check_of_the_kit(written, family):
    directory = written("spiral", "--family", family)
    passed = 0
    for case in cases(from_file(directory / "hookline_spiral.py")):
        try:
            case()
        except NotApplicable:
            continue
        passed += 1
    assert passed >= 10


@pytest.mark.parametrize("family", EXAMPLES)
def test_the_example_trains_well(written, family, monkeypatch, capsys):
    monkeypatch.chdir(written("spiral", "--family", family))
    example = Path("example.toml").read_text()
    Path("own.toml").write_text(example.replace('plugins = ["spiral"]', ""))
    assert main(["train", "own.toml", "-q", "--out", "run", "-p", "hookline_spiral.py"]) == 0
    assert capsys.readouterr().err == ""
    *_, last = Path("run/metrics.jsonl").read_text().splitlines()
    assert json.loads(last)["validation/Accuracy"] > 0.8


def test_the_files_form_a_distribution(written, tmp_path):
    directory = written("focal")
    assert directory == tmp_path / "hookline-focal"
    assert sorted(path.name for path in directory.iterdir()) == [
        ".gitignore",
        "README.md",
        "example.csv",
        "example.toml",
        "hookline_focal.py",
        "pyproject.toml",
        "test_hookline_focal.py",
    ]
    project = tomllib.loads((directory / "pyproject.toml").read_text())
    assert project["project"]["name"] == "hookline-focal"
    assert project["project"]["entry-points"]["hookline"] == {"focal": "hookline_focal"}
    assert "class FocalLoss(LossSpec):" in (directory / "hookline_focal.py").read_text()
    assert "runs/" in (directory / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "family", "module", "kind"),
    [
        ("focal", "loss", "hookline_focal", "FocalLoss"),
        ("focal-loss", "loss", "hookline_focal_loss", "FocalLoss"),
        ("two_words", "layer", "hookline_two_words", "TwoWords"),
        ("lion", "optimizer", "hookline_lion", "Lion"),
    ],
)
def test_module_and_class_are_named_after_the_plugin(name, family, module, kind):
    made = files(name, family)
    assert f"class {kind}(" in made[f"{module}.py"]
    assert f"import {module}\n" in made[f"test_{module}.py"]
    assert not any("$" in text for text in made.values())


@pytest.mark.parametrize("name", ["Focal", "2x", "", "focal loss", "../up", "a--b"])
def test_an_invalid_name_is_reported(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "plugin", name]) == 2
    err = capsys.readouterr().err
    assert err == f'"{name}" cannot be the name of a plugin. Use lowercase letters, digits and "-", such as "focal".\n'
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["huber"], 'Hookline itself has a HuberLoss: choose another name, such as "my-huber".'),
        (["adam", "--family", "optimizer"], 'Hookline itself has an Adam: choose another name, such as "my-adam".'),
        (["losses"], 'hookline_losses is a module of Hookline itself: choose another name, such as "my-losses".'),
    ],
)
def test_a_name_of_a_built_in_component_is_reported(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "plugin", *words]) == 2
    assert capsys.readouterr().err == f"{message}\n"
    assert list(tmp_path.iterdir()) == []


def test_existing_files_are_not_overwritten(written, capsys):
    written("focal")
    assert main(["new", "plugin", "focal"]) == 2
    assert capsys.readouterr().err == ("hookline-focal already exists. Choose another directory with --out.\n")
    assert written("focal", "--out", "other").name == "other"
