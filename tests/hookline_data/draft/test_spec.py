"""`hookline new spec`: what is found in a table, and the spec that is written for it."""

import csv
import gzip
import importlib
import io
import json
import os
import pty
import shutil
import string
from pathlib import Path

import pytest
import tomli
from hypothesis import HealthCheck, given, settings, strategies as some

from hookline import load, train
from hookline.check.load import Loader
from hookline.check.toml.document import read
from hookline.cli.main import main
from hookline.errors import DataError
from hookline.training.preflight.shapes import deep_check
from hookline_data.draft.draft import draft_of, source_of
from hookline_data.draft.reading.data_files import data_files
from hookline_data.draft.reading.source import table_file
from hookline_data.draft.spec import as_spec
from hookline_data.draft.target import drafted, likely_target
from hookline_data.reading.csv.header import seems_to_lack_a_header

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
8,Hal,25,014,Oslo,8,1
"""


def table(path):
    files = data_files({"training": [path]})
    source = source_of(files)
    return None if source is None else table_file(files, source)


def columns_of(path):
    return table(path).columns


def spec_of(path, target, task=None, directory=None):
    file = table(path)
    return as_spec(draft_of(file, target, task), file, directory or path.parent)


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
        ("age", "integer", "integers from 22 to 51, 1 cell missing"),
        ("code", "text", "text, 8 different"),
        ("city", "text", "text, 2 different"),
        ("score", "number", "numbers from -2 to 30"),
        ("grade", "integer", "integers from 1 to 2"),
    ]
    assert {column.rows for column in people} == {8}
    assert people[4].counts == {"Oslo": 4, "Rome": 4}


def test_what_may_have_no_end_is_no_table(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(DataError) as error:
            columns_of(path)
        assert str(error.value) == f"{path}: This is not a regular file."


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


@pytest.mark.parametrize(
    ("target", "task", "problem"),
    [
        ("ctiy", None, 'There is no column "ctiy". Did you mean "city"?'),
        (
            "name",
            None,
            '"name" cannot be the target: 8 of its 8 cells are different from one another, and classes would repeat.',
        ),
        ("city", "number", '"city" cannot be the target: it has "Oslo", which is not a number.'),
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
        (["1", "2", "1e39", "1", "2", "1", "2", "1"], "1 number is not finite"),
        (["1", "2", "1", "2", "1", "2", "x", "1"], '7 of its 8 cells are numbers, but "x" is not'),
        ([*"aaaaa", "1", "2", "3"], 'most of its different cells are numbers, but "a" is not'),
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
    assert drafted(Path("people.csv"), people, "city", None).left_out == {
        "id": "it counts the rows",
        "name": '8 of its 8 cells are different, such as "Ann \\"A\\", B"',
        "code": '8 of its 8 cells are different, such as "007"',
    }
    Path("rooms.csv").write_text("room,floor,n,class\n" + "".join(f"{n % 7},2,{n},{n % 2}\n" for n in range(20)))
    assert """\
# Columns that are not among the inputs:
#   "floor": it is 2 in all rows
#   "n": it counts the rows
inputs = ["room"]
targets = "class" #""" in spec_of(Path("rooms.csv"), "class")


def test_several_columns_that_are_no_inputs_for_one_reason_are_listed_together(tmp_path, monkeypatch, hookline):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,b,x,y\n" + "".join(f"0,0,{n % 7},{n % 2}\n" for n in range(20)))
    assert '"a" and "b" are not inputs: each is 0 in all rows' in hookline("new", "spec", "t.csv", "--target", "y")[1]
    assert '#   "a", "b": each is 0 in all rows' in Path("t.toml").read_text()


@pytest.mark.parametrize(("last", "is_doubtful"), [("12/3/2020", True), ("13/3/2020", False)])
def test_dates_that_may_have_the_day_first_are_reported(last, is_doubtful, tmp_path, monkeypatch, hookline):
    monkeypatch.chdir(tmp_path)
    dates = [*(f"{n % 11 + 1}/{n % 9 + 1}/2020" for n in range(29)), last]
    Path("t.csv").write_text("day,y\n" + "".join(f"{date},{n % 2}\n" for n, date in enumerate(dates)))
    said = hookline("new", "spec", "t.csv", "--target", "y")[1]
    if is_doubtful:
        assert '"day" may have the month or the day first.' in said
        assert 'format = "%m/%d/%Y" } # or "%d/%m/%Y"' in Path("t.toml").read_text()
    else:
        assert "the day first" not in said
        assert 'format = "%d/%m/%Y" }\n' in Path("t.toml").read_text()


def test_rows_that_may_not_fit_in_memory_are_streamed(people, monkeypatch):
    # 8 rows of "age" (with an indicator) and "score", and the two categories of "city": 5 numbers, 160 bytes.
    for size, is_streamed in [(320, False), (319, True)]:
        monkeypatch.setattr("hookline_data.draft.memory.memory", lambda size=size: size)
        written = tomli.loads(spec_of(Path("people.csv"), "grade", "classes"))["data"]
        assert (written.get("stream"), written.get("stratify")) == ((True, None) if is_streamed else (None, True))


def test_columns_with_another_cell_in_each_row_are_ids(people):
    assert """\
id_columns = ["id", "name", "code"] # no input, but predictions contain them
targets = "city" # "Oslo" is 0, "Rome" is 1
""" in spec_of(Path("people.csv"), "city")
    Path("people.csv").write_text(PEOPLE.replace("2,Bob,,008", "1,Bob,,007"))
    assert """\
id_columns = "name" # no input, but predictions contain it
# Columns that are not among the inputs:
#   "code": 7 of its 8 cells are different, such as "007"
inputs = ["id", "age", "score", "grade"]
""" in spec_of(Path("people.csv"), "city")


def test_kinds_and_the_dialect_are_written_for_a_table_of_a_spreadsheet(tmp_path, monkeypatch, hookline):
    monkeypatch.chdir(tmp_path)
    rows = [
        f"h{n};{100 + n * n % 37},5;{'NA' if n % 9 == 0 else n % 4};{('Köln', 'Bonn', '?')[n % 3]};{n % 28 + 1:02}.0{n % 9 + 1}.2020;"
        f"{'yes' if n % 2 else 'no'}"
        for n in range(120)
    ]
    Path("houses.csv").write_text("\n".join(["house;price;rooms;town;sold;garden", *rows]), encoding="latin-1")
    code, out, err = hookline("new", "spec", "houses.csv", "--target", "price")
    assert (code, err) == (0, "")
    assert '  "house" identifies rows: it is not an input, and predictions contain it.\n' in out
    text = Path("houses.toml").read_text()
    assert 'encoding = "latin-1"\ndelimiter = ";"\ndecimal_point = ","\n' in text
    assert text.split("[data.columns] # fitted to the training rows\n")[1].split("\n\n")[0].splitlines() == [
        'rooms = { type = "StandardScaler", missing = "median", indicator = true }',
        'town = { type = "OneHotEncoder", missing = "category" }',
        'sold = { type = "Date", format = "%d.%m.%Y" }',
        'garden = { type = "Boolean" }',
        'price = { type = "StandardScaler" } # the loss compares it with variance 1',
    ]
    assert hookline("check", "--deep", "houses.toml")[0] == 0


@pytest.mark.parametrize("name", ["table.parquet", "table.arrow", "table.jsonl", "table.csv.gz"])
def test_other_formats_are_read(tmp_path, monkeypatch, hookline, name):
    pyarrow = pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    rows = [{"x": n * n % 17 + 0.5, "city": ("Rome", "Oslo")[n % 2], "y": "ab"[n % 7 > 2]} for n in range(60)]
    table = pyarrow.Table.from_pylist(rows)
    if name.endswith("parquet"):
        importlib.import_module("pyarrow.parquet").write_table(table, name)
    elif name.endswith("arrow"):
        importlib.import_module("pyarrow.feather").write_feather(table, name)
    elif name.endswith("jsonl"):
        Path(name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        text = "x,city,y\n" + "".join(f"{row['x']},{row['city']},{row['y']}\n" for row in rows)
        Path(name).write_bytes(gzip.compress(text.encode()))
    assert hookline("new", "spec", name, "--target", "y", "--out", "s.toml")[0] == 0
    assert 'city = { type = "OneHotEncoder" }' in Path("s.toml").read_text()
    code, out, err = hookline("check", "--deep", "s.toml")
    assert code == 0, out + err


def test_a_missing_target_is_dropped_and_imbalance_is_told(tmp_path, monkeypatch, hookline):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(
        "x,y\n" + "".join(f"{n * n % 91},{('NA' if n == 7 else int(n % 20 == 0))}\n" for n in range(200))
    )
    _, out, _ = hookline("new", "spec", "t.csv", "--target", "y")
    assert "  1 row without a target will be dropped.\n" in out
    assert "rows have the class " in out
    assert 'missing_targets = "drop"\n' in Path("t.toml").read_text()
    assert hookline("check", "--deep", "t.toml")[0] == 0


def test_a_number_with_missing_cells_is_no_class(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{n * n % 91},{'?' if n % 9 == 0 else n * 1.25}\n" for n in range(200)))
    assert drafted(path, columns_of(path), "y", None).task == "number"


def test_a_column_that_is_the_target_in_other_words_is_no_input(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,code,y\n" + "".join(f"{n * n % 91},{'AB'[n % 2]},{('no', 'yes')[n % 2]}\n" for n in range(50)))
    assert drafted(path, columns_of(path), "y", None).left_out == {"code": "it is the target in other words"}


@pytest.mark.parametrize(
    ("name", "is_input"),
    [("id", False), ("customer_id", False), ("PassengerId", False), ("paid", True), ("grid", True), ("AcId", False)],
)
def test_integers_that_identify_rows_are_no_input(name, is_input, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(f"{name},x,y\n" + "".join(f"{index * index},{index}.5,{index % 2}\n" for index in range(20)))
    draft = drafted(path, columns_of(path), "y", None)
    assert draft.left_out == ({} if is_input else {name: "it identifies rows, by its name"})


def test_a_table_without_any_input_is_reported(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("name,y\n" + "".join(f"n{index},{index % 2}\n" for index in range(8)))
    with pytest.raises(DataError) as error:
        drafted(path, columns_of(path), "y", None)
    assert (
        str(error.value) == f'{path}: No column can be an input. "name": 8 of its 8 cells are different, such as "n0".'
    )


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
    (tmp_path / "spec.toml").write_text(spec_of(path, "progression"))
    trial = train(load(tmp_path / "spec.toml"), out=tmp_path / "run")
    assert trial.metrics["test/R2Score"] >= 0.45


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
    text = spec_of(path, "grade")
    assert 'type = "CrossEntropyLoss"' in text


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
        "  age    integers from 22 to 51, 1 cell missing\n"
        "  code   text, 8 different\n"
        "  city   text, 2 different\n"
        "  score  numbers from -2 to 30\n"
        "  grade  integers from 1 to 2\n"
        'Which column do you want to predict? [city] There is no column "ctiy". Did you mean "city"?\n'
        'Which column do you want to predict? [city] Created people.toml. It predicts the class "city" (2 '
        "classes) from 3 columns.\n"
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
        file = table(path)
        columns = file.columns
        draft = drafted(path, columns, data.draw(some.sampled_from([column.name for column in columns])), None)
    except DataError:
        return
    (tmp_path / "table.toml").write_text(as_spec(draft, file, tmp_path), newline="")
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


def test_a_target_of_more_than_a_thousand_classes_can_be_drafted(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("x,y\n" + "".join(f"{index * 7 % 11},c{index % 1200}\n" for index in range(4800)))
    draft = drafted(path, columns_of(path), "y", None)
    assert (draft.task, len(draft.classes)) == ("classes", 1200)


def test_true_and_false_are_numbers_as_inputs_and_names_as_a_target(tmp_path):
    path = tmp_path / "dummies.csv"
    path.write_text("a,y\n" + "True,no\nFalse,yes\nTrue,yes\n" * 6)
    columns = columns_of(path)
    assert drafted(path, columns, "y", None).inputs == ["a"]
    path.write_text("a,y\n" + "1,True\n2,False\n2,True\n" * 6)
    draft = drafted(path, columns_of(path), "y", None)
    assert (draft.classes, draft.is_binary) == (["False", "True"], True)
