"""Few rows of JSON: the same bits as those of a table, or left to it."""

import pytest
from small_training import SPECS, small

import hookline
from hookline.serving.predictor import Predictor

KINDS = {
    "Island": {"type": "OneHotEncoder", "handle_unknown": "ignore"},
    "Sex": {"type": "OneHotEncoder", "missing": "category"},
    "Clutch Completion": {"type": "Boolean"},
    "Date Egg": {"type": "Date"},
    "Body Mass (g)": {"type": "StandardScaler", "missing": "mean", "indicator": True},
    "Flipper Length (mm)": {"type": "KBinsDiscretizer", "n_bins": 4, "missing": "median"},
}
PENGUIN = {
    "Island": "Dream",
    "Sex": "MALE",
    "Clutch Completion": True,
    "Date Egg": "2008-11-03",
    "Body Mass (g)": 3800.5,
    "Flipper Length (mm)": 181,
    "Sample Number": 7,
    "Individual ID": "N1A1",
    "other": [1],
}


def predictor_of(place, **data):
    table = {"type": "CSV", "path": str(SPECS / "data/penguins.csv"), "targets": "Species", "validation": 0.2}
    return Predictor(hookline.open_run(hookline.train(small(epochs=1, data=table | data), out=place).directory))


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    inputs = [*KINDS, "Sample Number"]
    return predictor_of(
        tmp_path_factory.mktemp("few") / "run",
        columns=KINDS,
        inputs=inputs,
        id_columns="Individual ID",
        group_column="Individual ID",
    )


def changed(**cells):
    return {**PENGUIN, **{name.replace("_", " "): cell for name, cell in cells.items()}}


@pytest.mark.parametrize(
    "rows",
    [
        [PENGUIN],
        [PENGUIN, {**PENGUIN, "Body Mass (g)": 1e-3, "Sample Number": -3}],
        [{**PENGUIN, "Body Mass (g)": None, "Flipper Length (mm)": None, "Sex": None}],
        [{**PENGUIN, "Body Mass (g)": None}, PENGUIN],
        [changed(Island="Atlantis", Clutch_Completion="no", Date_Egg=" 2008-11-03 ")],
        [{**PENGUIN, "Body Mass (g)": 2**53, "Sample Number": 0.1}, PENGUIN | {"Body Mass (g)": 5}],
        [{name: cell for name, cell in PENGUIN.items() if name not in ("Individual ID", "other")}],
        [PENGUIN | {"Individual ID": 5}] * 3,
    ],
)
def test_rows_are_prepared_as_those_of_a_table(predictor, rows):
    for _ in range(2):  # The second time, some cells are remembered.
        [few], [block] = predictor.few(rows), predictor.prepared(rows)
        assert few.batch.inputs.keys() == block.batch.inputs.keys()
        for name, tensor in few.batch.inputs.items():
            assert tensor.dtype == block.batch.inputs[name].dtype
            assert tensor.equal(block.batch.inputs[name])
        assert few.kept == block.kept
        assert predictor.predicted([few], 64) == predictor.predicted([block], 64)


@pytest.mark.parametrize(
    "rows",
    [
        [{**PENGUIN, "Body Mass (g)": "heavy"}],
        [{**PENGUIN, "Sample Number": "7"}],
        [{**PENGUIN, "Sample Number": None}],
        [{**PENGUIN, "Sample Number": True}],
        [{**PENGUIN, "Sample Number": float("inf")}],
        [{**PENGUIN, "Sample Number": 1e300}],
        [{**PENGUIN, "Sample Number": 2**53 + 1}],
        [{**PENGUIN, "Body Mass (g)": 10**400}],
        [{**PENGUIN, "Clutch Completion": "perhaps"}],
        [{**PENGUIN, "Island": [1]}],
        [{**PENGUIN, "Island": 1}, PENGUIN],
        [{**PENGUIN, "Individual ID": 1.5}],
        [{**PENGUIN, "Individual ID": 1}, PENGUIN],
        [{}],
    ],
)
def test_other_rows_are_left_to_a_table(predictor, rows):
    assert predictor.few(rows) is None


def test_images_have_no_fast_way(tmp_path):
    spec = hookline.load(SPECS / "digit_images.toml", ["run.epochs=1", "callbacks=[]", "deploy=[]"])
    run = hookline.open_run(hookline.train(spec, out=tmp_path / "images").directory)
    assert Predictor(run).few([{"image": "x"}]) is None
