"""`hookline new spec`: what is found in a table, and the spec that is written for it."""

import csv
import io
import math
import os
import pty
import shutil
import statistics
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as some

from hookline import load, train
from hookline.check.load import Loader
from hookline.check.toml.document import read
from hookline.cli.main import main
from hookline.errors import DataError
from hookline.training.preflight.shapes import deep_check
from hookline_data.draft.spec import as_spec
from hookline_data.draft.table import columns_of
from hookline_data.draft.target import drafted, likely_target
from hookline_data.reading.csv_header import seems_to_lack_a_header

DATA = Path(__file__).parents[3] / "specs" / "data"
SHIPPED = {"iris": "species", "breast_cancer": "diagnosis", "diabetes": "progression", "digits": "digit"}

PEOPLE = """\
id,name,age,code,city,score,grade
1,"Ann ""A"", B",31,007,Rome,1.5,1
2,Bob,,008,Oslo,-2,2
3,Cid,51,009,Rome,3e1,1

4,"D
n",22,010,Oslo,4,2
5,Eve,23,011,Rome,5,1
6,Fay,24,012,Oslo,6,2
7,Gus,25,013,Rome,7,1
8,Hal,25,014,Oslo,8,2
"""


@pytest.fixture
def people(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text(PEOPLE)
    return columns_of(Path("people.csv"))


@pytest.fixture
def hookline(capsys):
    def command(*words):
        code = main(list(words))
        reported = capsys.readouterr()
        return code, reported.out, reported.err

    return command


def test_columns_have_kinds(people):
    assert [(column.name, column.kind, column.description) for column in people] == [
        ("id", "integer", "consecutive integers from 1"),
        ("name", "text", "text, 8 different"),
        ("age", "text", "text, 7 different, 1 cell missing"),
        ("code", "text", "text, 8 different"),
        ("city", "text", "text, 2 different"),
        ("score", "number", "numbers from -2 to 30"),
        ("grade", "integer", "integers from 1 to 2"),
    ]
    assert {column.rows for column in people} == {8}
    age = people[2]
    assert (age.empty, age.bad_row, age.bad_cell) == (1, 2, "")
    assert people[4].counts == {"Oslo": 4, "Rome": 4}


def test_moments_are_those_of_all_rows_however_many_are_read_at_once(tmp_path, monkeypatch):
    numbers = [1e6 + 0.25 * (index * index % 97) for index in range(1000)]
    path = tmp_path / "numbers.csv"
    path.write_text("a,b\n" + "".join(f"{number},{index}\n" for index, number in enumerate(numbers)))
    for rows_at_once in (1, 7, 4096):
        monkeypatch.setattr("hookline_data.draft.table.ROWS_AT_ONCE", rows_at_once)
        first, second = columns_of(path)
        assert math.isclose(first.mean, statistics.fmean(numbers), rel_tol=1e-15)
        assert math.isclose(first.deviation, statistics.pstdev(numbers), rel_tol=1e-9)
        assert (first.low, first.high, first.is_running) == (min(numbers), max(numbers), False)
        assert (second.low, second.high, second.is_running) == (0, 999, True)


def test_of_very_many_different_cells_no_count_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "texts.csv"
    path.write_text("a,b\n" + "".join(f"t{index},{index % 2}\n" for index in range(2000)))
    texts, bits = columns_of(path)
    assert len(texts.counts) == 2000
    monkeypatch.setattr("hookline_data.draft.columns.MOST_CLASSES_COUNTED", 1000)
    texts, bits = columns_of(path)
    assert (texts.counts, texts.description) == (None, "text, many different")
    assert bits.counts == {"0": 1000, "1": 1000}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The file is empty."),
        ("a,b\n", "The file has a header but no rows."),
        ("a,b,a\n1,2,3\n", 'Two columns are named "a".'),
        ("a,b\n1,2\n1,2,3\n", "row 2: It has 3 cells, but the header has 2."),
        ("a\n1\n", "There is only one column; a target and an input are needed."),
        (
            "a;b\n1;2\n",
            "There is only one column; a target and an input are needed. "
            'The header has ";" between names; it must be a comma.',
        ),
        ('a,b\n"1"2,3\n', "row 1: A quote is not closed or is inside text: ',' expected after '\"'."),
        (b"a,b\n\xff,1\n", "The file is not UTF-8 text."),
        (None, "The file cannot be read: No such file or directory."),
    ],
)
def test_what_is_no_table_is_reported(tmp_path, text, problem):
    path = tmp_path / "table.csv"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as error:
        columns_of(path)
    assert str(error.value) == f"{path}: {problem}"


def test_what_may_have_no_end_is_no_table(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(DataError) as error:
            columns_of(path)
        assert str(error.value) == f"{path}: This is not a regular file."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a," * 3_000_000, "The header has more than 4 MiB. There may be an unclosed quote."),
        ('"a\n",' * 1_000_000, "The header has more than 4 MiB. There may be an unclosed quote."),
        ("a,b\n\n1,2\n" + "1," * 3_000_000, "row 2: It has more than 4 MiB. There may be an unclosed quote."),
    ],
    ids=range(3),
)
def test_a_row_without_end_is_not_read(tmp_path, text, problem):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        columns_of(path)
    assert str(error.value) == f"{path}: {problem}"


def test_a_column_that_is_the_same_in_all_rows_is_no_input(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(
        "x,same,y\n" + "".join(f"{index * index},{3 + index % 2 * 0.0},{index % 2}\n" for index in range(9))
    )
    assert drafted(path, columns_of(path), "y", None).left_out == {"same": "it is 3 in all rows"}


@pytest.mark.parametrize(
    ("names", "is_row"),
    [
        (["5.1", "3.5", "1.4", "setosa"], True),
        (["5.1", "3.5"], True),
        (["0", "1", "2", "label"], False),
        (["1990", "1991", "1992"], False),
        (["5.1", "length", "width"], False),
        (["length", "species"], False),
        (["7", "species"], False),
    ],
)
def test_a_table_whose_names_are_numbers_seems_to_lack_a_header(names, is_row):
    assert seems_to_lack_a_header(names) is is_row


def test_a_table_that_seems_to_lack_a_header_is_reported_with_what_to_do(tmp_path, monkeypatch, hookline):
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("".join(f"{index * index}.5,{index / 7},{'ab'[index % 2]}\n" for index in range(9)))
    assert hookline("new", "spec", "rows.csv", "--target", "a") == (
        0,
        'Created rows.toml. It predicts the class "a" (2 classes) from 2 numeric columns.\nTrain it: hookline train rows.toml\n'
        "Then predict new rows: hookline predict runs/rows/1 new.csv\n",
        "rows.csv: warning: The column names are numbers. If the first line is a row of data instead of a header, "
        "insert a line with column names above it.  [doubtful-header]\n",
    )


def test_a_row_in_place_of_a_header_that_has_a_number_twice_is_reported(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("5.1,0.2,0.2,setosa\n4.9,0.3,0.2,setosa\n")
    with pytest.raises(DataError) as error:
        columns_of(path)
    hint = "It seems to have no header: its first line must be one, with names."
    assert str(error.value) == f'{path}: Two columns are named "0.2". {hint}'


@pytest.mark.parametrize(
    ("target", "task", "problem"),
    [
        ("ctiy", None, 'There is no column "ctiy". Did you mean "city"?'),
        ("age", None, '"age" cannot be the target: 1 cell is empty.'),
        ("age", "number", '"age" cannot be the target: 1 cell is empty.'),
        (
            "name",
            None,
            '"name" cannot be the target: 8 of its 8 cells are different from one another, and classes would repeat.',
        ),
        ("city", "number", '"city" cannot be the target: row 1 is "Rome", which is no number.'),
        (
            "score",
            "classes",
            '"score" cannot be the target: 8 of its 8 cells are different from one another, and classes would repeat.',
        ),
    ],
)
def test_what_cannot_be_a_target_is_reported(people, target, task, problem):
    with pytest.raises(DataError) as error:
        drafted(Path("people.csv"), people, target, task)
    assert str(error.value) == f"people.csv: {problem}"


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("aaaaaaaa", 'all of its cells are "a"'),
        ("aabbccdd", "no class has 3 rows, one to learn from and others to test"),
        (["1", "2", "nan", "1", "2", "1", "2", "1"], '1 cell is missing ("nan")'),
        (["1", "2", "1e39", "1", "2", "1", "2", "1"], 'row 3 is "1e39", which is no finite number as all others are'),
        (["0.5", "1.5", "2.5"], "3 rows are too few to learn from and to test"),
        (["1e-320", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.5e-322"], "its numbers differ too little"),
    ],
)
def test_targets_of_which_nothing_can_be_learnt_are_reported(tmp_path, cells, problem):
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "".join(f"{index * index},{cell}\n" for index, cell in enumerate(cells)))
    with pytest.raises(DataError) as error:
        drafted(path, columns_of(path), "y", None)
    assert str(error.value) == f'{path}: "y" cannot be the target: {problem}.'


def test_what_is_no_input_is_said_in_the_spec(people):
    draft = drafted(Path("people.csv"), people, "city", None)
    assert draft.left_out == {
        "id": "it counts the rows",
        "name": 'row 1 is "Ann \\"A\\", B", and inputs are numbers',
        "age": "1 cell is empty, in row 2",
        "code": 'row 1 is "007", and inputs are numbers',
    }
    assert """\
# Columns that are not among the inputs:
#   "id": it counts the rows
#   "name": row 1 is "Ann \\"A\\", B", and inputs are numbers
#   "age": 1 cell is empty, in row 2
#   "code": row 1 is "007", and inputs are numbers
inputs = ["score", "grade"]
targets = "city" # "Oslo" is 0, "Rome" is 1
""" in as_spec(draft, Path("people.csv"), Path())


@pytest.mark.parametrize(
    ("name", "is_input"),
    [("id", False), ("customer_id", False), ("PassengerId", False), ("paid", True), ("grid", True), ("AcId", False)],
)
def test_integers_that_identify_rows_are_no_input(name, is_input, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f"{name},x,y\n" + "".join(f"{index * index},{index}.5,{index % 2}\n" for index in range(20)))
    draft = drafted(path, columns_of(path), "y", None)
    assert draft.left_out == ({} if is_input else {name: "by its name, it identifies rows"})


def test_a_table_without_any_input_is_reported(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("name,y\n" + "".join(f"n{index},{index % 2}\n" for index in range(8)))
    with pytest.raises(DataError) as error:
        drafted(path, columns_of(path), "y", None)
    assert str(error.value) == (f'{path}: No column can be an input. "name": row 1 is "n0", and inputs are numbers.')


@pytest.mark.parametrize(("name", "target"), SHIPPED.items())
def test_the_target_of_the_shipped_tables_is_found(name, target):
    assert likely_target(columns_of(DATA / f"{name}.csv")).name == target


@pytest.mark.parametrize(
    ("name", "metric", "least"),
    [
        ("iris", "Accuracy", 0.9),
        ("breast_cancer", "AUROC", 0.98),
        ("diabetes", "R2Score", 0.45),
        ("digits", "Accuracy", 0.95),
    ],
)
def test_what_is_written_for_the_shipped_tables_checks_clean_and_trains_at_once(
    tmp_path, monkeypatch, hookline, name, metric, least
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(DATA / f"{name}.csv", tmp_path)
    code, out, err = hookline("new", "spec", f"{name}.csv", "--target", SHIPPED[name])
    assert (code, err) == (0, "")
    assert out.splitlines()[-2] == f"Train it: hookline train {name}.toml"
    assert hookline("check", "--deep", f"{name}.toml") == (0, f"{name}.toml: no problems found.\n", "")
    trial = train(load(f"{name}.toml"))
    assert trial.metrics[f"test/{metric}"] >= least


@pytest.mark.parametrize(("factor", "shift"), [(1e-4, 0.0), (100.0, 1e6)])
def test_a_number_is_predicted_as_well_in_any_unit(tmp_path, factor, shift):
    lines = list(csv.reader((DATA / "diabetes.csv").read_text().splitlines()))
    path = tmp_path / "diabetes.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([lines[0], *([*line[:-1], float(line[-1]) * factor + shift] for line in lines[1:])])
    (tmp_path / "spec.toml").write_text(as_spec(drafted(path, columns_of(path), "progression", None), path, tmp_path))
    trial = train(load(tmp_path / "spec.toml"), out=tmp_path / "run")
    assert trial.metrics["test/R2Score"] >= 0.45


@pytest.mark.parametrize(("factor", "size"), [(1.0, "larger"), (0.001, "smaller")])
def test_the_comments_tell_how_the_last_layer_fits_the_target(factor, size, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(
        "x,y\n" + "".join(f"{index * index % 17},{index % 10 * factor + 0.5 * factor}\n" for index in range(50))
    )
    text = as_spec(drafted(path, columns_of(path), "y", "number"), path, tmp_path)
    assert f"\n[[optimizer.groups]] # {size} steps for the last layer, which has the scale of the target\n" in text
    assert f"# The last layer starts at the mean of the target, {5 * factor:g}, with its standard" in text
    assert "\n[[callbacks]] # stops when the validation loss has not improved for 15 epochs\n" in text


def test_whole_numbers_are_classes_or_quantities(tmp_path, monkeypatch, hookline):
    monkeypatch.chdir(tmp_path)
    shutil.copy(DATA / "digits.csv", tmp_path)
    for task, loss in (("classes", "CrossEntropyLoss"), ("number", "HuberLoss")):
        command = ["new", "spec", "digits.csv", "--target", "digit", "--task", task, "--out", f"{task}.toml"]
        assert hookline(*command)[0] == 0
        assert type(load(f"{task}.toml").loss).__name__ == loss


def test_two_whole_numbers_other_than_0_and_1_are_two_classes(tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE)
    path = tmp_path / "people.csv"
    text = as_spec(drafted(path, columns_of(path), "grade", None), path, tmp_path)
    assert 'type = "CrossEntropyLoss"' in text
    assert "out_features = 2 }" in text


def test_nothing_is_written_over(people, hookline):
    Path("people.toml").write_text("mine")
    assert hookline("new", "spec", "people.csv", "--target", "city") == (
        2,
        "",
        "people.toml already exists. Choose another file with --out.\n",
    )
    assert Path("people.toml").read_text() == "mine"
    assert hookline("new", "spec", "people.csv", "--target", "city", "--out", "none/people.toml") == (
        2,
        "",
        "none/people.toml: The file cannot be written: No such file or directory.  [unreadable-file]\n",
    )


def test_the_path_of_the_table_is_relative_to_the_spec_and_a_schema_beside_it_is_named(people, hookline):
    Path("specs").mkdir()
    Path("specs", "schema.json").write_text("{}")
    assert hookline("new", "spec", "people.csv", "--target", "city", "--out", "specs/city.toml")[0] == 0
    text = Path("specs", "city.toml").read_text()
    assert text.startswith('#:schema ./schema.json\n# It predicts the class "city" (2 classes)')
    assert 'path = "../people.csv"\n' in text
    assert hookline("check", "specs/city.toml")[0] == 0


def test_without_a_terminal_the_target_must_be_named(people, hookline, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert hookline("new", "spec", "people.csv") == (
        2,
        "",
        'people.csv: Pass the column to predict, such as --target "city". Available: "age", "city", "code", '
        '"grade", "id", "name" and "score".\n',
    )


def test_at_a_terminal_a_prompt_asks_for_it(people, hookline, monkeypatch):
    above, below = pty.openpty()
    with os.fdopen(below, "r") as terminal, os.fdopen(above, "w") as person:
        monkeypatch.setattr("sys.stdin", terminal)
        person.write("ctiy\n\n")
        person.flush()
        code, out, err = hookline("new", "spec", "people.csv")
    assert (code, err) == (0, "")
    assert out.startswith(
        "  id     consecutive integers from 1\n"
        "  name   text, 8 different\n"
        "  age    text, 7 different, 1 cell missing\n"
        "  code   text, 8 different\n"
        "  city   text, 2 different\n"
        "  score  numbers from -2 to 30\n"
        "  grade  integers from 1 to 2\n"
        'Which column do you want to predict? [city] There is no column "ctiy". Did you mean "city"?\n'
        'Which column do you want to predict? [city] Created people.toml. It predicts the class "city" (2 '
        "classes) from 2 numeric columns.\n"
    )


NAMES = some.text(string.ascii_letters + "*[]?\"'\\#\n\t é\x7f", max_size=6)
CELLS = some.sampled_from(
    ["a\x00b", "1", "2", "3.5", "-1e3", " 7 ", "007", "", "a", "b", "x,y", 'q"q', "nan", "1e39", "a\nb", "NA"]
)


@settings(max_examples=settings.default.max_examples // 10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_of_any_table_there_is_a_sentence_or_a_spec_that_fits_it(tmp_path, data):
    names = data.draw(some.lists(NAMES, min_size=2, max_size=4, unique=True))
    kinds = [data.draw(some.lists(CELLS, min_size=1, max_size=4)) for _ in names]
    rows = data.draw(some.lists(some.tuples(*map(some.sampled_from, kinds)), min_size=5, max_size=40))
    path = tmp_path / "table.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    try:
        columns = columns_of(path)
        draft = drafted(path, columns, data.draw(some.sampled_from([column.name for column in columns])), None)
    except DataError:
        return
    (tmp_path / "table.toml").write_text(as_spec(draft, path, tmp_path), newline="")
    document = read(tmp_path / "table.toml")
    assert Loader().check(document) == []
    assert deep_check(document, Loader()) == []


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    "name",
    [
        "{0}",
        "[0]",
        "[[1]]",
        "[1",
        "a*",
        "*",
        "?",
        "[!a]",
        "a.b",
        'a"b',
        "a'b",
        "a\\b",
        "a\nb",
        "#",
        "=1+1",
        "$x",
        "\u202ex",
    ],
)
def test_a_column_may_have_any_name_and_the_spec_that_is_written_is_good(tmp_path, monkeypatch, capsys, name, place):
    monkeypatch.chdir(tmp_path)
    names = ["u", "v", "y"]
    names[place] = name
    with Path("table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([row * row % 7, row * 3 % 5 + 0.5, row % 2] for row in range(30))
    assert main(["new", "spec", "table.csv", "--target", names[2]]) == 0
    assert main(["check", "table.toml"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('2,"u', "row 2: A quote is not closed or is inside text: unexpected end of data."),
        ('2,"u\n3,"v', "row 2: A quote is not closed or is inside text: ',' expected after '\"'."),
        (
            '2,"u\n\n\n\n\n"',
            "row 2: A cell has more than 4 lines. There may be an unclosed quote; if it is right, write the spec yourself, "
            "with `multiline = true`.",
        ),
    ],
)
def test_a_quote_that_swallows_rows_is_reported_with_its_row(tmp_path, row, message):
    path = tmp_path / "table.csv"
    path.write_text(f"a,y\n1,u\n{row}\n4,v\n")
    with pytest.raises(DataError) as caught:
        columns_of(path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_target_of_more_than_a_thousand_classes_can_be_drafted(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("x,y\n" + "".join(f"{index * 7 % 11},c{index % 1200}\n" for index in range(4800)))
    draft = drafted(path, columns_of(path), "y", None)
    assert (draft.task, len(draft.classes)) == ("classes", 1200)


def test_true_and_false_are_numbers_as_inputs_and_names_as_a_target(tmp_path):
    path = tmp_path / "dummies.csv"
    path.write_text("a,y\n" + "True,no\nFalse,yes\n" * 6)
    columns = columns_of(path)
    assert drafted(path, columns, "y", None).inputs == ["a"]
    path.write_text("a,y\n" + "1,True\n2,False\n" * 6)
    draft = drafted(path, columns_of(path), "y", None)
    assert (draft.classes, draft.is_binary) == (["False", "True"], True)
