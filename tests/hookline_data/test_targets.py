import pytest
import torch

from hookline.errors import DataError
from hookline_data.reading.csv.format import MISSING_MARKS


def target(data):
    [batch] = data.training.epoch(1)
    return batch.target


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "NLLLoss"])
@pytest.mark.parametrize(
    ("cells", "classes", "indices"),
    [
        (["rose", "iris", "tulip", "iris"], ("iris", "rose", "tulip"), [1, 0, 2, 0]),
        (["b", "B", "a", "ä"], ("B", "a", "b", "ä"), [2, 0, 1, 3]),
        (["10", "9", "-1", "10"], (-1, 9, 10), [2, 1, 0, 2]),
        (["1.0", "2.0", "2", "0"], (0, 1, 2), [1, 2, 2, 0]),
        (["1", "2", "two", "10", "x", "y"], ("1", "10", "2", "two", "x", "y"), [0, 2, 3, 1, 4, 5]),
        (['"x, y"', '"say ""z"""', '"x, y"', "w"], ('say "z"', "w", "x, y"), [2, 0, 2, 1]),
        ([" u", "u ", "v", "w"], ("u", "v", "w"), [0, 0, 1, 2]),
        (["true", "false", "false", "true"], ("false", "true"), [1, 0, 0, 1]),
        (["N.A.", "nul", "N.A.", "an"], ("N.A.", "an", "nul"), [0, 2, 0, 1]),
        (["+1", "-1", "+1", "0"], (-1, 0, 1), [2, 0, 2, 1]),
        # The first two would be equal as floats.
        ([f"{2**63}", f"{2**63 + 1}", "7", f"{2**63}"], ("7", f"{2**63}", f"{2**63 + 1}"), [1, 2, 0, 1]),
    ],
)
def test_classes_are_sorted_and_numbered_from_0(prepare, loss, cells, classes, indices):
    data = prepare("a,y\n" + "".join(f"0,{cell}\n" for cell in cells), loss=loss)
    assert data.target.classes == classes
    assert [type(name) for name in data.target.classes] == [type(name) for name in classes]
    assert target(data).dtype == torch.int64
    assert target(data).tolist() == indices


@pytest.mark.parametrize("loss", ["BCELoss", "BCEWithLogitsLoss"])
@pytest.mark.parametrize(
    ("cells", "classes", "probabilities"),
    [
        (["malignant", "benign", "malignant"], ("benign", "malignant"), [[1], [0], [1]]),
        (["0", "1", "0"], (0, 1), [[0], [1], [0]]),
        (["1.0", "0.0", "0.0"], (0, 1), [[1], [0], [0]]),
    ],
)
def test_two_classes_are_one_column_of_probabilities_for_binary_losses(prepare, loss, cells, classes, probabilities):
    data = prepare("a,y\n" + "".join(f"0,{cell}\n" for cell in cells), loss=loss)
    assert data.target.classes == classes
    assert target(data).dtype == torch.float32
    assert target(data).tolist() == probabilities


@pytest.mark.parametrize("loss", ["BCELoss", "BCEWithLogitsLoss"])
def test_probabilities_between_0_and_1_are_valid_targets(prepare, loss):
    assert target(prepare("a,y\n1,0.25\n2,0.5\n3,1\n", loss=loss)).tolist() == [[0.25], [0.5], [1]]


@pytest.mark.parametrize("loss", ["BCELoss", "BCEWithLogitsLoss"])
def test_several_target_columns_are_several_labels(prepare, loss):
    data = prepare("u,a,v\n0,5,1\n1,6,0.5\n1,7,0\n", loss=loss, targets=["u", "v"])
    assert target(data).tolist() == [[0, 1], [1, 0.5], [1, 0]]
    assert data.target.columns == ("u", "v")
    assert data.target.classes is None


@pytest.mark.parametrize("loss", ["MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss"])
@pytest.mark.parametrize("targets", [["u", "v"], "[uv]", ["v", "u"]])
def test_several_target_columns_are_several_numbers_in_the_order_of_the_file(prepare, loss, targets):
    data = prepare("u,a,v\n0,5,1\n-1,6,2.5\n", loss=loss, targets=targets)
    assert target(data).dtype == torch.float32
    assert target(data).tolist() == [[0, 1], [-1, 2.5]]
    assert data.target.columns == ("u", "v")
    assert data.target.classes is None


@pytest.mark.parametrize(
    ("loss", "cells", "message"),
    [
        ("CrossEntropyLoss", ["1.5", "2"], 'The target column "y" has 1.5, but classes must be text or integers.'),
        (
            "CrossEntropyLoss",
            ["u", "u"],
            'The target column "y" is "u" in all training rows, but two classes are needed.',
        ),
        ("NLLLoss", ["3", "3"], 'The target column "y" is "3" in all training rows, but two classes are needed.'),
        ("BCELoss", ["1", "1"], 'The target column "y" is 1 in all training rows, but two classes are needed.'),
        ("BCELoss", ["u", "u"], 'The target column "y" is "u" in all training rows, but two classes are needed.'),
        ("BCELoss", ["1", "2"], 'The target column "y" has 2, but BCELoss needs numbers from 0 to 1.'),
        ("BCEWithLogitsLoss", ["-1", "1"], 'y" has -1, but BCEWithLogitsLoss needs numbers from 0 to 1.'),
        (
            "BCEWithLogitsLoss",
            ["u", "v", "w"],
            'The target column "y" has 3 classes, but BCEWithLogitsLoss takes two: use a loss for several classes, such as cross-entropy.',
        ),
    ],
)
def test_targets_that_do_not_suit_the_loss_are_reported(prepare, tmp_path, loss, cells, message):
    with pytest.raises(DataError) as raised:
        prepare("a,y\n" + "".join(f"0,{cell}\n" for cell in cells), loss=loss)
    assert str(raised.value).startswith(f"{tmp_path / 'table.csv'}: ")
    assert message in str(raised.value)


def test_a_classification_loss_takes_one_target_column(prepare):
    with pytest.raises(DataError, match='NLLLoss needs one target column with classes, but "u" and "v" are given'):
        prepare("u,a,v\n0,5,1\n1,6,0\n", loss="NLLLoss", targets=["u", "v"])


def test_text_in_one_of_several_label_columns_is_reported(prepare):
    with pytest.raises(DataError, match='The target column "v" is text, but BCELoss needs 0 or 1'):
        prepare("u,a,v\n0,5,yes\n1,6,no\n", loss="BCELoss", targets=["u", "v"])


@pytest.mark.parametrize(
    ("loss", "training", "validation", "unseen"),
    [
        ("CrossEntropyLoss", ["u", "v"], "w", "w"),
        ("CrossEntropyLoss", ["1", "2"], "3", "3"),
        ("NLLLoss", ["1", "2"], "3", "3"),
        ("BCEWithLogitsLoss", ["no", "yes"], "maybe", "maybe"),
    ],
)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_class_that_does_not_occur_in_training_is_an_error(prepare, loss, training, validation, unseen, split):
    rows = [f"0,training,{name}" for name in training] + [f"0,{split},{validation}"]
    with pytest.raises(
        DataError,
        match=f'The class "{unseen}" of "y" occurs in the {split} split but not in the training split',
    ):
        prepare("a,split,y\n" + "\n".join(rows) + "\n", loss=loss, split_column="split")


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("cell", ["2", "-0.5"])
def test_a_probability_outside_0_and_1_is_an_error_in_every_split(prepare, split, cell):
    with pytest.raises(DataError, match=r"BCELoss needs numbers from 0 to 1"):
        prepare(f"a,split,y\n1,training,0\n2,training,1\n3,{split},{cell}\n", loss="BCELoss", split_column="split")


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("x", '"x" is not a number, but MSELoss needs numbers.'),
        (
            "1,5",
            '"1,5" is not a number, but MSELoss needs numbers. If the comma is the decimal sign, set `decimal_point = ","`.',
        ),
        (
            "nan",
            '"nan" counts as a missing value: fill it in or remove the row, or drop such rows with `missing_targets = "drop"`.',
        ),
        ("", 'The cell is empty: fill it in, or drop such rows with `missing_targets = "drop"`.'),
        ("1e39", "1e+39 is not a finite float32."),
    ],
)
@pytest.mark.parametrize("file", ["table", "other"])
def test_a_target_that_is_not_a_number_is_reported_with_its_row_in_any_file(prepare, tmp_path, cell, complaint, file):
    good, bad = "a,y\n1,1.5\n2,2.5\n", f'a,y\n1,1.5\n2,"{cell}"\n'
    (tmp_path / "other.csv").write_text(good if file == "table" else bad)
    with pytest.raises(DataError) as raised:
        prepare(bad if file == "table" else good, validation=str(tmp_path / "other.csv"))
    assert str(raised.value) == f'{tmp_path / file}.csv: row 2, column "y": {complaint}'


@pytest.mark.parametrize("cell", ["x", "01", "--", str(2**63)])
@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCELoss"])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_text_in_another_file_is_reported_with_its_row_if_the_training_file_has_numbers(
    prepare, tmp_path, cell, loss, split
):
    (tmp_path / "other.csv").write_text(f"a,y\n1,0\n2,1\n3,{cell}\n")
    with pytest.raises(DataError) as raised:
        prepare("a,y\n1,0\n2,1\n", loss=loss, **{split: str(tmp_path / "other.csv")})
    assert str(raised.value) == (
        f'{tmp_path / "other.csv"}: row 3, column "y": "{cell}" is text, but the column has numbers in '
        f"{tmp_path / 'table.csv'}."
    )


def test_leading_zeros_do_not_matter_for_numbers(prepare):
    assert target(prepare("a,y\n1,01\n2,002.50\n")).tolist() == [[1], [2.5]]


def test_classes_that_do_not_occur_in_validation_keep_their_indices(prepare):
    data = prepare(
        "a,split,y\n1,training,u\n2,training,v\n3,training,w\n4,validation,w\n5,validation,u\n",
        loss="CrossEntropyLoss",
        split_column="split",
    )
    [batch] = data.validation.epoch(1)
    assert batch.target.tolist() == [2, 0]


@pytest.mark.parametrize("mark", [mark for mark in MISSING_MARKS if mark])
@pytest.mark.parametrize("others", ["12.5", "rose"])
def test_a_missing_mark_is_not_a_class_unless_the_spec_allows_it(prepare, tmp_path, mark, others):
    text = f"a,y\n1,{others}\n2,7\n3,{mark}\n4,7\n5,{mark}\n"
    with pytest.raises(DataError) as raised:
        prepare(text, loss="CrossEntropyLoss")
    assert str(raised.value) == (
        f'{tmp_path / "table.csv"}: row 3, column "y": "{mark}" counts as a missing value and occurs in 2 cells of '
        'the column: fill it in or remove the row, or drop such rows with `missing_targets = "drop"`; if it is a class '
        "name, set `missing_marks = []`."
    )
    if others == "rose":
        assert set(prepare(text, loss="CrossEntropyLoss", missing_marks=[]).target.classes) == {others, "7", mark}


@pytest.mark.parametrize("word", ["none", "unknown", "--", "1,5", "True"])
def test_a_word_among_numbers_is_not_a_class_unless_the_spec_allows_it(prepare, tmp_path, word):
    text = f'a,y\n1,3\n2,4.5\n3,"{word}"\n4,3\n'
    with pytest.raises(DataError) as raised:
        prepare(text, loss="CrossEntropyLoss")
    assert str(raised.value) == (
        f'{tmp_path / "table.csv"}: row 3, column "y": "{word}" is not a number, but 3 other cells of the column are: '
        f"fill it in or remove the row; if it is a class name, set `missing_marks = []`."
    )
    assert set(prepare(text, loss="CrossEntropyLoss", missing_marks=[]).target.classes) == {"3", "4.5", word}


@pytest.mark.parametrize("cells", ["1 2 01", "7 8 0x1F", "1 2 3a", "1 none", "none mild severe 1"])
def test_codes_and_words_may_be_classes_beside_numbers(prepare, cells):
    rows = "".join(f"1,{cell}\n" for cell in cells.split())
    assert set(prepare(f"a,y\n{rows}", loss="CrossEntropyLoss").target.classes) == set(cells.split())


def test_a_missing_mark_among_the_inputs_is_reported_with_its_row(prepare, tmp_path):
    with pytest.raises(DataError) as raised:
        prepare("a,b,y\n1,2,3\n4,NA,6\n")
    assert str(raised.value) == (
        f'{tmp_path / "table.csv"}: row 2, column "b": "NA" counts as a missing value: fill it in or remove the row. '
        'Or let a kind fill it in: columns = { b = { type = "Number", missing = "mean" } }.'
    )


def test_true_and_false_are_1_and_0_as_inputs_numbers_and_labels(prepare):
    text = "a,b,c,y\nTrue,False,0.5,true\nFalse,TRUE,1.5,false\n"
    data = prepare(text)
    assert data.training.all.input.tolist() == [[1, 0, 0.5], [0, 1, 1.5]]
    assert data.training.all.target.tolist() == [[1], [0]]
    labels = prepare(text, targets=["a", "b"], inputs="c", loss="BCEWithLogitsLoss")
    assert labels.training.all.target.tolist() == [[1, 0], [0, 1]]
    assert prepare(text, loss="CrossEntropyLoss").target.classes == ("false", "true")


def test_a_column_that_mixes_numbers_and_true_is_refused(prepare):
    with pytest.raises(DataError, match='row 2, column "a": "True" is not a number'):
        prepare("a,y\n1,2\nTrue,3\n")


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_class_unseen_in_training_is_reported_with_its_file(prepare, tmp_path, split):
    other = tmp_path / "other.csv"
    other.write_text("a,y\n1,u\n2,w\n")
    with pytest.raises(DataError) as raised:
        prepare("a,y\n1,u\n2,v\n", loss="CrossEntropyLoss", **{split: str(other)})
    assert str(raised.value) == (
        f'{other}: The class "w" of "y" occurs in the {split} split but not in the training split.'
    )
