from pathlib import Path

import pytest

import hookline
from hookline import HooklineError, hookimpl
from hookline.check.load import Loader
from hookline.check.toml.document import read
from hookline.errors import SpecError
from hookline.spec import LossSpec, spec

TEXT = """
[run]
epochs = 3

[data]
type = "CSV"
path = "data/x.csv"
targets = "y"

[model]
type = "Sequential"
layers = [{ type = "Linear", out_features = 1 }]

[loss]
type = "MSELoss"

[optimizer]
type = "SGD"
"""
TABLE = {
    "data": {"type": "Random", "features": 2, "targets": [0, 1]},
    "model": {"type": "Linear", "out_features": 1},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD"},
}


@spec
class FocalLoss(LossSpec):
    """A loss of a third party."""


class Focal:
    @hookimpl
    def register_specs(self):
        return [FocalLoss]


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "flowers.toml"
    file.write_text(TEXT)
    return file


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_loaded_by_its_path(path, kind):
    made = hookline.load(kind(path))
    assert (made.run.name, made.run.epochs, type(made.loss).__name__) == ("flowers", 3, "MSELoss")


def test_data_is_found_beside_the_spec_and_need_not_exist(path):
    assert hookline.load(path).data.path == path.parent / "data" / "x.csv"


def test_data_is_found_beside_the_spec_from_any_directory(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    assert hookline.load("flowers.toml") == hookline.load(path)


def test_a_path_in_a_change_is_relative_to_the_current_directory(path, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for given, found in (("y.csv", "elsewhere/y.csv"), ("../y.csv", "y.csv"), ('"y.csv"', "elsewhere/y.csv")):
        assert hookline.load(path, [f"data.path={given}"]).data.path == tmp_path / found


def test_a_table_is_loaded_and_not_modified():
    table = {**TABLE, "run": {"epochs": 3}}
    made = hookline.load(table, ["run.epochs=5", "run.seed=1"])
    assert (made.run.name, made.run.epochs, made.run.seed) == ("run", 5, 1)
    assert table == {**TABLE, "run": {"epochs": 3}}


def test_a_single_change_or_file_need_not_be_in_a_list(path, tmp_path):
    overlay = tmp_path / "more.toml"
    overlay.write_text("[run]\nepochs = 7\n")
    assert hookline.load(path, "run.epochs=6") == hookline.load(path, ["run.epochs=6"])
    assert hookline.load(path, overlays=str(overlay)).run.epochs == 7
    assert hookline.load(TABLE, "run.epochs=5", overlays=overlay).run.epochs == 5


def test_the_same_file_gives_equal_specs(path):
    assert hookline.load(path) == hookline.load(path)
    assert hookline.load(path) != hookline.load(path, ["run.epochs=4"])


def test_values_are_changed_in_order(path):
    made = hookline.load(path, ["run.epochs=5", "model.layers.0.bias=false", "run.epochs=6", "run.name=x"])
    assert (made.run.epochs, made.model.layers[0].bias, made.run.name) == (6, False, "x")


def test_a_change_may_fix_a_problem(path):
    path.write_text(TEXT.replace("epochs = 3", "epochs = 0"))
    assert hookline.load(path, ["run.epochs=1"]).run.epochs == 1


def test_a_problem_is_reported_with_the_file_as_given(path, monkeypatch):
    path.write_text(TEXT.replace("epochs = 3", "epochs = 0"))
    monkeypatch.chdir(path.parent)
    with pytest.raises(SpecError) as error:
        hookline.load("flowers.toml")
    assert str(error.value) == "flowers.toml:3:10: run.epochs: 0 is out of bounds: it must be at least 1."


def test_a_table_may_have_paths(path):
    data = {"type": "CSV", "path": path.parent / "irises.csv", "targets": "species"}
    text = {**data, "path": str(data["path"])}
    assert hookline.load({**TABLE, "data": data}).data == hookline.load({**TABLE, "data": text}).data


@pytest.mark.parametrize("source", [None, 3, ["run.epochs=3"]])
def test_a_spec_is_a_path_or_a_mapping(source):
    with pytest.raises(HooklineError, match=r"^A spec is the path of a file or a mapping, not "):
        hookline.load(source)


def test_plugins_add_components():
    assert hookline.load({**TABLE, "loss": {"type": "FocalLoss"}}, plugins=[Focal()]).loss == FocalLoss()


def test_components_of_unlisted_plugins_are_unknown():
    with pytest.raises(SpecError, match='There is no loss called "FocalLoss"'):
        hookline.load({**TABLE, "loss": {"type": "FocalLoss"}})


@pytest.mark.parametrize("listed", ["focal", {"focal": True}, [1], 3, True])
def test_plugins_must_be_an_array_of_names(listed):
    with pytest.raises(SpecError) as error:
        hookline.load({**TABLE, "plugins": listed})
    assert str(error.value) == "spec: plugins: This must be an array of the names of installed plugins."


def test_a_missing_plugin_is_reported():
    with pytest.raises(SpecError, match=r'^spec: plugins\[0\]: No plugin named "focal" is installed\.'):
        hookline.load({**TABLE, "plugins": ["focal"]})


def test_a_missing_file_is_reported_before_anything_else():
    with pytest.raises(HooklineError) as error:
        hookline.load("none.toml", ["wrong"])
    assert str(error.value) == "none.toml: There is no such file."


def test_a_spec_is_loaded_with_its_data_if_both_are_valid(path):
    document, loader = read(path), Loader()
    assert loader.load(document).data.path == path.parent / "data/x.csv"
    with pytest.raises(SpecError) as error:
        loader.load(document, with_data=True)
    assert list(error.value.problems) == loader.check(document) != []
    (path.parent / "data").mkdir()
    (path.parent / "data/x.csv").write_text("x,y\n1,2\n")
    assert loader.load(document, with_data=True) == loader.load(document)
