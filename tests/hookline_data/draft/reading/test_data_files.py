"""`hookline new spec` for several files, patterns and folders."""

import gzip
import shutil
from pathlib import Path

import pytest

ROWS = [f"{index * 7 % 11}.5,{('Rome', 'Oslo')[index % 2]},{'ab'[index % 5 > 1]}" for index in range(60)]


def write(path, rows=ROWS, header="x,city,y"):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join([header, *rows, ""])
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def paths(spec, here):
    """The paths of each split, relative to the current directory."""

    def relative(path):
        if isinstance(path, tuple):
            return tuple(map(relative, path))
        return path if isinstance(path, float) else path.relative_to(here).as_posix()

    return tuple(relative(getattr(spec.data, name)) for name in ("path", "validation", "test"))


@pytest.mark.parametrize(
    ("files", "words", "expected"),
    [
        (["d/train.csv", "d/test.csv"], ["d"], ("d/train.csv", 0.2, "d/test.csv")),
        (["d/train.csv", "d/val.csv", "d/test.csv"], ["d"], ("d/train.csv", "d/val.csv", "d/test.csv")),
        (["train.csv", "test.csv"], ["train.csv", "test.csv"], ("train.csv", 0.2, "test.csv")),
        (["d/x_train.csv", "d/x-valid.csv"], ["d/*.csv"], ("d/x_train.csv", "d/x-valid.csv", 0.2)),
        (["a.csv", "b.csv"], ["a.csv", "b.csv"], (("a.csv", "b.csv"), 0.2, 0.2)),
        (["d/a.csv", "d/b.csv"], ["d"], ("d/*.csv", 0.2, 0.2)),
        (["d/a.csv.gz", "d/b.csv.gz", "d/README.txt"], ["d"], ("d/*.csv.gz", 0.2, 0.2)),
        (["d/only.csv", "d/notes.md"], ["d"], ("d/only.csv", 0.2, 0.2)),
        (
            ["d/train/1.csv", "d/train/2.csv", "d/test/1.csv"],
            ["d"],
            (("d/train/1.csv", "d/train/2.csv"), 0.2, "d/test/1.csv"),
        ),
        ([f"p{index}.csv" for index in range(7)], [f"p{index}.csv" for index in range(7)], ("p*.csv", 0.2, 0.2)),
        (
            ["a.csv", "b.csv", "c.csv"],
            ["a.csv", "--validation", "b.csv", "--test", "c.csv"],
            ("a.csv", "b.csv", "c.csv"),
        ),
        (["a.csv", "v/1.csv", "v/2.csv"], ["a.csv", "--validation", "v"], ("a.csv", "v/*.csv", 0.2)),
    ],
)
def test_files_are_those_of_the_splits_that_their_names_or_options_say(here, drafted, files, words, expected):
    for file in files:
        write(file)
    spec, _ = drafted(*words, "--target", "y")
    assert paths(spec, here) == expected
    assert spec.data.stratify is (0.2 in expected)


def test_a_test_file_without_the_target_is_predicted_later(here, new_spec):
    write("d/train.csv")
    write("d/test.csv", [row.rpartition(",")[0] for row in ROWS], "x,city")
    write("d/sample_submission.csv", ["1,a"], "id,y")
    _, out, _ = new_spec("d", "--target", "y")
    assert out.splitlines() == [
        'Created d.toml. It predicts the class "y" (2 classes) from 2 columns.',
        "  d/sample_submission.csv is not used.",
        "  d/test.csv lacks the target, so it is not the test split. Predict it once the model is trained.",
        "Train it: hookline train d.toml",
        "Then predict new rows: hookline predict runs/d/1 d/test.csv",
    ]
    assert "test = 0.2\n" in Path("d.toml").read_text()


def test_missing_cells_and_categories_of_other_files_are_expected(here, drafted):
    write("train.csv")
    write("test.csv", [",Paris,a", "1.5,Rome,b", *ROWS])
    spec, _ = drafted("train.csv", "--test", "test.csv", "--target", "y")
    assert spec.data.columns["x"].missing == "median"
    assert spec.data.columns["city"].handle_unknown == "ignore"


def test_a_column_that_a_file_lacks_is_no_input_and_a_class_must_be_in_the_training_rows(here, drafted, new_spec):
    write("train.csv")
    write("test.csv", [f"1.5,{row.rpartition(',')[2]}" for row in ROWS], "x,y")
    spec, out = drafted("train.csv", "--test", "test.csv", "--target", "y")
    assert spec.data.inputs == ("x",)
    assert '"city" is not an input: the test file lacks it\n' in out
    write("other.csv", [*ROWS, "1.5,Rome,c"])
    problem = '"y" cannot be the target: the class "c" is in the files of other splits, but not in the training rows.'
    command = ("train.csv", "--validation", "other.csv", "--target", "y")
    assert new_spec(*command) == (2, "", f"train.csv: {problem}  [invalid-data]\n")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["flower.csv"], 'flower.csv: There is no such file. Did you mean "flowers.csv"?'),
        (["d/*.csv"], "d/*.csv: No file matches this pattern."),
        (["flowers.csv", "--test", "d"], "d: There are neither data files in this folder, nor folders of images"),
        (["empty"], "empty: There are neither data files in this folder, nor folders of images, a class a folder."),
        (["one"], 'one: It has images of a single class, "cat".'),
        (["loose"], "loose: It has 2 images but no folders: put the images of each class into a folder of its own"),
        (["flowers.csv", "other.csv"], 'other.csv: It lacks the column "city" of flowers.csv.'),
        (["flowers.csv", "table.parquet"], 'table.parquet: This is a Parquet file. Set `type = "Parquet"`.'),
    ],
)
def test_what_is_not_there_is_reported(here, new_spec, words, problem):
    write("flowers.csv")
    write("other.csv", ["1.5,a"] * 9, "x,y")
    Path("table.parquet").write_bytes(b"PAR1")
    for folder in ("d", "empty"):
        Path(folder).mkdir()
    for image in ("one/cat/1.png", "loose/1.png", "loose/2.jpg"):
        Path(image).parent.mkdir(parents=True, exist_ok=True)
        Path(image).touch()
    code, out, err = new_spec(*words, "--target", "y")
    assert (code, out) == (2, "")
    assert err.startswith(problem)


def test_a_folder_that_is_a_link_to_itself_is_read(here, drafted):
    write("d/a.csv")
    Path("d/again").symlink_to(here / "d")
    spec, _ = drafted("d", "--target", "y", trains=False)
    assert paths(spec, here)[0] == "d/a.csv"
    shutil.rmtree("d")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["training", "validation", "test"], None),
        (["train", "val", "test"], {"training": "train", "validation": "val", "test": "test"}),
        (["Train", "TEST"], {"training": "Train", "validation": "TEST"}),
    ],
)
def test_a_column_of_splits_is_used(here, drafted, cells, values):
    write("t.csv", [f"{row},{cells[index % len(cells)]}" for index, row in enumerate(ROWS)], "x,city,y,split")
    spec, _ = drafted("t.csv", "--target", "y")
    assert (spec.data.split_column, spec.data.split_values) == ("split", values)
    assert spec.data.input_patterns == {"input": ("*",)}


def test_a_column_called_split_with_other_cells_is_an_input(here, drafted):
    write("t.csv", [f"{row},{'uv'[index % 2]}" for index, row in enumerate(ROWS)], "x,city,y,split")
    spec, out = drafted("t.csv", "--target", "y", trains=False)
    assert spec.data.split_column is None
    assert 'It predicts the class "y" (2 classes) from 3 columns.' in out
