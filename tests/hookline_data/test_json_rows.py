"""Rows of JSON: the cells that each source describes, and the rows that it reads."""

import base64

import numpy
import pytest
from served_rows import served
from small_training import SPECS, small

import hookline
from hookline.serving.http.limits import RefusedError
from hookline.serving.predictor import Predictor

FLAT = {"type": "Sequential", "layers": [{"type": "Flatten"}, {"type": "Linear", "out_features": 3}]}


def predictor_of(place, **sections):
    """A finished run that is ready for rows of JSON."""
    return Predictor(hookline.open_run(hookline.train(small(epochs=1, **sections), out=place / "run").directory))


def refused(predictor, rows):
    with pytest.raises(RefusedError) as caught:
        served(predictor, rows)
    return caught.value


def table(**columns):
    return {
        "type": "CSV",
        "path": str(SPECS / "data/penguins.csv"),
        "targets": "Species",
        "columns": columns,
        "validation": 0.2,
    }


KINDS = {
    "Island": {"type": "OneHotEncoder", "handle_unknown": "ignore"},
    "Sex": {"type": "OneHotEncoder", "missing": "category"},
    "Clutch Completion": {"type": "Boolean"},
    "Date Egg": {"type": "Date"},
    "Comments": {"type": "HashingVectorizer", "n_features": 4, "missing": "empty"},
    "Body Mass (g)": {"type": "StandardScaler", "missing": "mean"},
}


def test_a_table_describes_its_columns_by_their_kinds(tmp_path):
    data = table(**KINDS) | {"inputs": list(KINDS), "id_columns": ["Individual ID"], "group_column": "Individual ID"}
    fields = {field.name: field for field in predictor_of(tmp_path, data=data).fields}
    assert {name: field.cell for name, field in fields.items()} == {
        "Island": "text",
        "Sex": "text",
        "Clutch Completion": "boolean",
        "Date Egg": "date",
        "Comments": "text",
        "Body Mass (g)": "number",
        "Individual ID": "text",
    }
    assert fields["Island"].choices == ("Biscoe", "Dream", "Torgersen")
    assert [name for name, field in fields.items() if field.is_closed] == ["Sex"]
    assert {name for name, field in fields.items() if field.may_be_missing} == {
        "Sex",
        "Comments",
        "Body Mass (g)",
        "Individual ID",
    }
    assert [name for name, field in fields.items() if not field.is_needed] == ["Individual ID"]


def test_booleans_numbers_and_null_are_read_as_from_a_file(tmp_path):
    predictor = predictor_of(
        tmp_path,
        data=table(**KINDS) | {"inputs": list(KINDS), "id_columns": ["Individual ID"], "group_column": "Individual ID"},
    )
    row = {"Island": "Dream", "Sex": None, "Clutch Completion": False, "Date Egg": "2008-11-03", "Comments": None}
    row |= {"Body Mass (g)": 3800, "Individual ID": "N1"}
    (tmp_path / "new.csv").write_text(f"{','.join(row)}\nDream,,No,2008-11-03,,3800,N1\n")
    [own] = served(predictor, [row])
    [expected] = predictor.finished.predict(tmp_path / "new.csv").to_pylist()
    assert own["Individual ID"] == expected["Individual ID"] == "N1"
    assert own["prediction"] == expected["prediction"]
    assert {name: numpy.float32(value) for name, value in own.items() if "probability" in name} == {
        name: numpy.float32(value) for name, value in expected.items() if "probability" in name
    }


def test_arrays_are_nested_lists_and_sequences_need_no_padding(tmp_path):
    generator = numpy.random.default_rng(0)
    lengths = generator.integers(2, 6, 20)
    arrays = {"x": generator.standard_normal((20, 6, 2)).astype("float32"), "n": lengths, "y": numpy.arange(20) % 3}
    numpy.savez(tmp_path / "data.npz", **arrays)
    model = {
        "type": "Sequential",
        "layers": [{"type": "GRU", "hidden_size": 4, "returns": "last"}, {"type": "Linear", "out_features": 3}],
    }
    data = {
        "type": "NPZ",
        "path": str(tmp_path / "data.npz"),
        "inputs": "x",
        "targets": "y",
        "lengths": {"x": "n"},
        "validation": 0.2,
    }
    predictor = predictor_of(tmp_path, data=data, model=model)
    assert predictor.fields[0].shape == (None, 2)
    rows = [{"x": array[:length].tolist()} for array, length in zip(arrays["x"][:4], lengths, strict=False)]
    longest = lengths[:4].max()
    expected = predictor.finished.predict({"x": arrays["x"][:4, :longest], "n": lengths[:4]}).to_pylist()
    assert [row["prediction"] for row in served(predictor, rows)] == [row["prediction"] for row in expected]
    assert served(predictor, [{"x": arrays["x"][0].tolist(), "n": int(lengths[0])}])
    for cell, text in (
        ([], "It must be a list with at least one element."),
        ([[1, 2], [3]], "Its lists have different lengths."),
        ([["a", "b"]], "It must consist of numbers."),
        ([[1, None]], "It must consist of numbers."),
    ):
        assert refused(predictor, [rows[0], {"x": cell}]).errors == [{"row": 2, "column": "x", "message": text}]
    assert refused(predictor, [{"z": [[1, 2]]}]).detail.startswith('row 1: There is no array "x".')
    assert "has the shape" in refused(predictor, [{"x": [[1, 2, 3]]}]).detail
    assert refused(predictor, [{"x": [[1, 2]], "n": 2.5}]).detail == 'row 1, column "n": It must be an integer.'


def test_images_are_files_in_base64_and_never_paths(tmp_path):
    folder = SPECS / "data/digit_images"
    data = {"type": "ImageFolder", "path": str(folder), "mode": "L", "size": 8, "validation": 0.2}
    predictor = predictor_of(tmp_path, data=data, model=FLAT)
    path = next(folder.rglob("*.png"))
    content = base64.b64encode(path.read_bytes()).decode()
    rows = [{"image": content}, {"image": f"data:image/png;base64,{content}"}]
    [expected] = predictor.finished.predict([path]).to_pylist()
    found = served(predictor, rows)
    assert [row["prediction"] for row in found] == [expected["prediction"]] * 2
    assert "path" not in found[0]
    assert refused(predictor, [{"image": str(path)}, {"image": content}]).errors == [
        {"row": 1, "column": "image", "message": "It is not a file in base64."}
    ]
    text = base64.b64encode(b"no image").decode()
    assert "It is not an image" in refused(predictor, [{"image": text}]).detail
    assert "The cell is empty." in refused(predictor, [{"image": None}]).detail
    assert refused(predictor, [{"path": str(path)}]).detail.startswith('row 1: There is no column "image".')


def test_images_of_a_table_have_its_other_columns(tmp_path):
    source = {"type": "CSV", "path": str(SPECS / "data/digit_images/labels.csv"), "inputs": "file", "targets": "digit"}
    data = {"type": "Images", "image_column": "file", "mode": "L", "size": 8, "source": source | {"validation": 0.2}}
    predictor = predictor_of(tmp_path, data=data, model=FLAT)
    assert [(field.name, field.cell) for field in predictor.fields] == [("file", "image")]
    assert served(predictor, [predictor.example])
