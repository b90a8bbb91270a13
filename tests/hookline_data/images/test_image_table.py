import shutil

import numpy
import pyarrow
import pytest
import torch
from PIL import Image
from pyarrow import parquet

import hookline
from hookline.errors import DataError, HooklineWarning, MismatchError, SpecError, UnreadableRowsError

NAMES = ["cat/2.png", "dog/0.bmp", "cat/0.png", "dog/old/a.png", "cat/2.png", "dog/1.bmp"]
HEIGHT = [1.5, 2.5, 0.5, 4.0, 5.0, 6.0]
AGE = [3.0, 1.0, 2.0, 7.0, 5.0, 4.0]


@pytest.fixture
def table(folder):
    path = folder / "labels.csv"
    rows = zip(NAMES, HEIGHT, AGE, strict=True)
    path.write_text("file,height,age\n" + "".join(f"{name},{height},{age}\n" for name, height, age in rows))
    return path


def source(path, **options):
    return {"type": "CSV", "path": str(path), "inputs": "file", "targets": "height", **options}


def pixels(folder, names):
    arrays = numpy.stack([numpy.asarray(Image.open(folder / name)) for name in names])
    return torch.from_numpy(arrays.transpose(0, 3, 1, 2)).float() / 255


def only(batches):
    [batch] = batches.epoch(1)
    return batch


def prepare(prepare_images, given, **options):
    kept = {"type": "Images", "image_column": "file", "source": given, "loss": "MSELoss"}
    return prepare_images(**{**kept, "batch_size": 10, "shuffle": False, **options})


def test_paths_become_images_in_the_order_of_the_table(folder, table, prepare_images):
    data = prepare(prepare_images, source(table))
    batch = only(data.training)
    assert torch.equal(batch.input, pixels(folder, NAMES))
    assert batch.target.flatten().tolist() == HEIGHT
    assert data.training.held_bytes < 6 * 6 * 8 * 3 + 200  # The image that occurs twice is kept once.


def test_a_table_has_other_inputs_splits_and_targets(folder, table, prepare_images):
    inputs = {"image": "file", "numbers": "age"}
    columns = {"age": {"type": "StandardScaler"}}
    given = source(table, inputs=inputs, columns=columns, validation=0.34, split_seed=1)
    data = prepare(prepare_images, given, transforms=[{"type": "CenterCrop", "size": 4}])
    rows = {
        split: [HEIGHT.index(height) for height in only(batches).target.flatten()]
        for split, batches in data.splits().items()
    }
    assert {split: len(own) for split, own in rows.items()} == {"training": 4, "validation": 2}
    ages = numpy.array(AGE)
    mean, std = ages[rows["training"]].mean(), ages[rows["training"]].std()
    for split, batches in data.splits().items():
        batch = only(batches)
        assert torch.equal(batch.inputs["image"], pixels(folder, [NAMES[row] for row in rows[split]])[:, :, 1:5, 2:6])
        standardized = torch.from_numpy((ages[rows[split]] - mean) / std).float()
        assert torch.equal(batch.inputs["numbers"].flatten(), standardized)


def test_a_parquet_file_with_paths_relative_to_a_folder(folder, tmp_path, prepare_images):
    parquet.write_table(pyarrow.table({"file": NAMES, "height": HEIGHT}), tmp_path / "labels.parquet")
    given = {**source(tmp_path / "labels.parquet"), "type": "Parquet"}
    batch = only(prepare(prepare_images, given, folder=str(folder), size=4, mode="L").training)
    assert tuple(batch.input.shape) == (6, 1, 4, 4)


def test_images_that_cannot_be_read_are_named_with_their_row_or_skipped(folder, table, prepare_images):
    (folder / "dog/0.bmp").unlink()
    with pytest.raises(DataError) as error:
        prepare(prepare_images, source(table))
    assert str(error.value) == (
        f'{table}: row 2, column "file": "dog/0.bmp": There is no such file. To leave such images out, set '
        "`skip_unreadable = true`."
    )
    with pytest.warns(HooklineWarning, match="1 image of 6 cannot be read and will be skipped"):
        data = prepare(prepare_images, source(table), skip_unreadable=True)
    assert only(data.training).target.flatten().tolist() == [HEIGHT[0], *HEIGHT[2:]]


def checked(given, **options):
    spec = hookline.load(
        {
            "data": {"type": "Images", "image_column": "file", "source": given, **options},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    return {one.diagnostic.path: one.diagnostic.message for one in spec.data.check(spec.objective)}


def test_check_finds_what_the_table_does_not_have(table, tmp_path):
    assert checked(source(table)) == {}
    assert checked(source(table), image_column="fil") == {("image_column",): 'There is no column "fil" in labels.csv.'}
    assert checked(source(table), folder=str(tmp_path / "none")) == {("folder",): "There is no such folder."}
    assert checked(source(table, inputs="*")) == {
        ("source", "inputs"): "Images must be in a group of inputs of their own, but another column is in it, such as "
        '"age". Set `inputs = "file"`, or `inputs = { image = "file", numbers = ["age"] }`.'
    }
    assert checked(source(table, inputs="age")) == {
        ("source", "inputs"): '"file" must be in one group of inputs, but is in none.'
    }
    assert ("source", "targets") in checked(source(table, targets="heigth"))
    assert ("source", "path") in checked(source(tmp_path / "none.csv"))


def test_new_rows_of_a_table_are_read_as_in_training(folder, table, tmp_path):
    layers = [{"type": "Flatten"}, {"type": "Linear", "out_features": 1}]
    spec = hookline.load(
        {
            "run": {"epochs": 1},
            "data": {"type": "Images", "image_column": "file", "source": source(table), "size": [3, 3]},
            "model": {"type": "Sequential", "layers": layers},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.01},
        }
    )
    hookline.train(spec, out=tmp_path / "run")
    run = hookline.open_run(tmp_path / "run")
    whole = run.predict(table)
    assert whole["file"].to_pylist() == NAMES
    one = run.predict(folder / "cat/2.png")
    assert one["prediction"][0].as_py() == pytest.approx(whole["prediction"][0].as_py(), abs=1e-6)
    evaluated = run.evaluate(data=table)
    error = numpy.array(whole["prediction"]) - HEIGHT
    assert evaluated["loss"] == pytest.approx((error**2).mean(), rel=1e-5)
    shutil.rmtree(folder / "dog")
    with pytest.raises(UnreadableRowsError, match="3 of 6 rows cannot be read"):
        run.predict(table)


def test_the_paths_and_the_ids_of_the_table_are_kept(table, prepare_images):
    data = prepare(prepare_images, source(table, id_columns="age", validation=0.34))
    kept = data.kept["validation"]
    rows = [HEIGHT.index(height) for height in only(data.validation).target.flatten()]
    assert kept.column_names == ["file", "age"]
    assert kept.column("file").to_pylist() == [NAMES[row] for row in rows]
    assert kept.column("age").cast("float64").to_pylist() == [AGE[row] for row in rows]


def test_a_table_from_python_has_paths_from_the_current_folder(folder, prepare_images, monkeypatch):
    rows = {"file": NAMES, "height": HEIGHT}
    given = {"type": "DataFrame", "inputs": "file", "targets": "height"}
    data = prepare(prepare_images, given, folder=str(folder), rows=rows)
    assert torch.equal(only(data.training).input, pixels(folder, NAMES))
    monkeypatch.chdir(folder)
    assert torch.equal(only(prepare(prepare_images, given, rows=rows).training).input, pixels(folder, NAMES))
    with pytest.raises(SpecError, match=r'data\.image_column: There is no column "file" in the DataFrame'):
        prepare(prepare_images, given, rows=pyarrow.table({"path": NAMES, "height": HEIGHT}).to_pandas())
    with pytest.raises(MismatchError, match=r"data\.source\.type: Pass the rows in Python"):
        prepare(prepare_images, given)
