import json
import re
from pathlib import Path

import pytest

from hookline.cli.commands import COMMANDS
from hookline.cli.main import main
from hookline.errors.ids import IDS

ROOT = Path(__file__).parents[3]
CODE = [path for name in ("framework", "plugins") for path in (ROOT / name).rglob("*.py") if path.name != "ids.py"]
IN_CODE = re.compile(
    r'''(?:\bid=|^    id = |\bid: ClassVar\[str\] = |\bid: str = |\bDiagnostic\(\s*|InvalidValueError\(|\b_error\()"([a-z-]+)"''',
    re.MULTILINE,
)
BASE = """
[data]
type = "CSV"
path = "iris.csv"
targets = "species"
validation = 0.2

[model]
type = "Linear"
out_features = 3

[loss]
type = "CrossEntropyLoss"

[optimizer]
type = "SGD"
"""
IRIS = (ROOT / "specs/data/iris.csv").read_text()


def test_every_id_in_the_code_is_documented_and_every_documented_id_is_in_the_code():
    text = "\n".join(path.read_text() for path in CODE)
    assert set(IN_CODE.findall(text)) - {""} <= set(IDS)
    assert [name for name in IDS if f'"{name}"' not in text] == []


def test_explanations_name_only_commands_that_exist():
    named = re.findall(r"hookline (\w+)", "\n".join(f"{kind.meaning} {kind.remedy}" for kind in IDS.values()))
    assert "new" in named
    assert set(named) <= set(COMMANDS)


@pytest.mark.parametrize("name", IDS)
def test_an_id_is_hyphenated_words_and_its_explanation_is_sentences(name):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert all(text.endswith((".", ".)")) for text in (IDS[name].meaning, IDS[name].remedy))


@pytest.mark.parametrize("name", [name for name, kind in IDS.items() if kind.example])
def test_the_example_of_an_id_has_that_mistake(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("iris.csv").write_text(IRIS)
    example = IDS[name].example
    others = [f"[{part}" for part in BASE.split("\n[") if f"[{part.partition(']')[0].strip('[')}]" not in example]
    for text in (example, f"{example}\n" + "\n".join(others[1:])):
        Path("spec.toml").write_text(text.strip(" "))
        main(["check", "spec.toml", "--format", "json"])
        if name in (found := [one["id"] for one in json.loads(capsys.readouterr().out)]):
            return
    pytest.fail(f"{name} is not among {found}.")


def test_an_id_is_explained(capsys):
    assert main(["explain", "unknown-key"]) == 0
    reported = capsys.readouterr().out
    assert reported.startswith("unknown-key\n\n  A table has a key")
    assert "    learning_rate = 0.1\n" in reported
    assert main(["explain", "unkown-key"]) == 2
    assert capsys.readouterr().err == 'There is no id "unkown-key". Did you mean "unknown-key"?\n'
