import datetime
import decimal
import json

import by_hand
import numpy
import pyarrow
import pytest
import torch
from pyarrow import parquet

from hookline.errors import DataError


@pytest.fixture
def complaint(prepare_parquet, tmp_path):
    """Return the error message about a file, without its path."""

    def complaint(columns, **options):
        with pytest.raises(DataError) as raised:
            prepare_parquet(columns, **options)
        path, _, message = str(raised.value).partition("table.parquet: ")
        assert path == f"{tmp_path}/"
        return message

    return complaint


def columns(**given):
    return {"y": [0.5, 1.5, 2.5, 3.5], **given}


@pytest.mark.parametrize(
    "kind",
    ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"],
)
def test_numbers_of_all_types_are_inputs(prepare_parquet, kind):
    cells = numpy.array([1, 2, 3, 100], dtype=kind)
    data = prepare_parquet(columns(a=cells, b=cells[::-1].copy()))
    assert data.training.all.input.dtype == torch.float32
    assert data.training.all.input.tolist() == [[1, 100], [2, 3], [3, 2], [100, 1]]
    assert data.training.all.target.tolist() == [[0.5], [1.5], [2.5], [3.5]]
    assert data.preparation == {"input": {"columns": ["a", "b"]}}


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (pyarrow.array([True, False, True, True]), [1, 0, 1, 1]),
        (pyarrow.array([decimal.Decimal("1.25"), decimal.Decimal(2), decimal.Decimal(3), decimal.Decimal(4)]), None),
        (pyarrow.array([1.25, 2, 3, 4]).dictionary_encode(), None),
        (pyarrow.array([2**64 - 1, 2, 3, 4], pyarrow.uint64()), [2.0**64, 2, 3, 4]),
    ],
)
def test_booleans_decimals_and_dictionaries_are_numbers(prepare_parquet, cells, numbers):
    wanted = numbers or [1.25, 2, 3, 4]
    assert prepare_parquet(columns(a=cells)).training.all.input.flatten().tolist() == wanted
    assert prepare_parquet({"a": [1, 2, 3, 4], "y": cells}).training.all.target.flatten().tolist() == wanted


def test_a_number_is_rounded_once(prepare_parquet):
    numbers = numpy.random.default_rng(0).normal(size=100) * 10.0 ** numpy.arange(-30, 20, 0.5)
    data = prepare_parquet({"a": numbers, "y": numbers})
    assert torch.equal(data.training.all.input, torch.from_numpy(numbers.astype(numpy.float32)).unsqueeze(1))
    assert torch.equal(data.training.all.target, data.training.all.input)


@pytest.mark.parametrize(
    ("cells", "classes", "indices"),
    [
        (["v", "u", "v", " u"], (" u", "u", "v"), [2, 1, 2, 0]),
        (pyarrow.array(["v", "u", "v", "w"]).dictionary_encode(), ("u", "v", "w"), [1, 0, 1, 2]),
        (pyarrow.array(["v", "u", "v", "w"], pyarrow.large_string()), ("u", "v", "w"), [1, 0, 1, 2]),
        (["1", "01", "1", "2"], ("01", "1", "2"), [1, 0, 1, 2]),
        ([3, 7, 3, -1], (-1, 3, 7), [1, 2, 1, 0]),
        ([3.0, 7.0, 3.0, -1.0], (-1, 3, 7), [1, 2, 1, 0]),
        ([True, False, False, True], (0, 1), [1, 0, 0, 1]),
    ],
)
def test_classes_are_text_or_integers(prepare_parquet, cells, classes, indices):
    data = prepare_parquet({"a": [1, 2, 3, 4], "y": cells}, loss="CrossEntropyLoss")
    assert data.target.classes == classes
    assert data.training.all.target.tolist() == indices


def test_integers_are_read_without_rounding(prepare_parquet):
    data = prepare_parquet(columns(a=[2**62 + 1, -3, 7, 0], b=[True, False, True, True]), dtype="int64")
    assert data.training.all.input.dtype == torch.int64
    assert data.training.all.input.tolist() == [[2**62 + 1, 1], [-3, 0], [7, 1], [0, 1]]


def test_a_parquet_file_gives_the_same_data_as_a_csv_file(prepare, prepare_parquet):
    generator = numpy.random.default_rng(1)
    given = {name: generator.normal(size=30).astype(numpy.float32).astype(float) for name in "abcd"}
    given["y"] = generator.choice(["u", "v"], size=30)
    cells = (cells.tolist() for cells in given.values())
    rows = "".join(",".join(map(str, row)) + "\n" for row in zip(*cells, strict=True))
    options = {
        "inputs": {"u": ["a", "c"], "v": ["b", "c"]},
        "loss": "CrossEntropyLoss",
        "standardize": True,
        "shape": [2, 1],
        "validation": 0.2,
        "test": 0.3,
        "stratify": True,
    }
    one, other = prepare(f"a,b,c,d,y\n{rows}", **options), prepare_parquet(given, **options)
    assert one.preparation == other.preparation
    assert one.targets == other.targets
    for split in ("training", "validation", "test"):
        left, right = one.splits()[split].all, other.splits()[split].all
        assert torch.equal(left.target, right.target)
        assert all(torch.equal(left.inputs[name], right.inputs[name]) for name in "uv")


def test_columns_of_a_validation_file_are_found_by_name(prepare_parquet, tmp_path):
    parquet.write_table(pyarrow.table({"y": ["v", "u"], "more": [1, 2], "a": [5, 6]}), tmp_path / "validation.parquet")
    data = prepare_parquet(
        {"a": [1, 2], "y": ["u", "v"]}, loss="CrossEntropyLoss", validation=str(tmp_path / "validation.parquet")
    )
    assert data.validation.all.input.tolist() == [[5], [6]]
    assert data.validation.all.target.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["u", "w"], 'row 1, column "y": "u" is text, but the column has numbers in {known}.'),
        (["1", "2"], 'row 1, column "y": "1" is text, but the column has numbers in {known}.'),
        (
            [1, None],
            'row 2, column "y": The cell is empty: fill it in, or drop such rows with `missing_targets = "drop"`.',
        ),
    ],
)
def test_text_in_another_file_is_reported_if_the_training_file_has_numbers(prepare_parquet, tmp_path, cells, message):
    parquet.write_table(pyarrow.table({"y": cells, "a": [5, 6]}), tmp_path / "other.parquet")
    with pytest.raises(DataError) as raised:
        prepare_parquet({"a": [1, 2], "y": [1, 2]}, loss="CrossEntropyLoss", test=str(tmp_path / "other.parquet"))
    known = tmp_path / "table.parquet"
    assert str(raised.value) == f"{tmp_path / 'other.parquet'}: {message.format(known=known)}"


def test_integers_in_another_file_are_class_names_if_the_training_file_has_text(prepare_parquet, tmp_path):
    parquet.write_table(pyarrow.table({"y": [2, 1], "a": [5, 6]}), tmp_path / "other.parquet")
    data = prepare_parquet(
        {"a": [1, 2, 3], "y": ["1", "2", "x"]}, loss="CrossEntropyLoss", test=str(tmp_path / "other.parquet")
    )
    assert data.test.all.target.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("known", "other", "message"),
    [
        (
            pyarrow.array([[1, 2]], pyarrow.list_(pyarrow.int64(), 2)),
            pyarrow.array([[1, 2, 3]], pyarrow.list_(pyarrow.int64(), 3)),
            "is float32 of shape [3], but in {known} it is float32 of shape [2].",
        ),
        ([1], [[1, 2]], "is a sequence of float32 of shape [], but in {known} it is float32 of shape [1]."),
        ([[1, 2]], [1], "is float32 of shape [1], but in {known} it is a sequence of float32 of shape []."),
    ],
)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_rows_of_another_file_with_another_shape_are_reported(prepare_parquet, tmp_path, known, other, message, split):
    parquet.write_table(pyarrow.table({"a": other, "b": [0], "y": [1]}), tmp_path / "other.parquet")
    for inputs, which in (("a", "inputs"), ({"u": "a", "v": "b"}, 'inputs "u"')):
        with pytest.raises(DataError) as raised:
            prepare_parquet({"a": known, "b": [0], "y": [1]}, inputs=inputs, **{split: str(tmp_path / "other.parquet")})
        expected = message.format(known=tmp_path / "table.parquet")
        assert str(raised.value) == f"{tmp_path / 'other.parquet'}: A row of the {which} {expected}"


def test_a_column_can_define_the_splits(prepare_parquet):
    data = prepare_parquet(columns(a=[1, 2, 3, 4], s=["test", "training"] * 2), split_column="s")
    assert data.training.all.input.tolist() == [[2], [4]]
    assert data.test.all.input.tolist() == [[1], [3]]


DAYS = [datetime.date(2026, 5, day) for day in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ({"a": ["u", "v", "w", "x"]}, {}, "The cells have the type string, but the model needs numbers."),
        ({"a": DAYS}, {}, "The cells have the type date32[day], but the model needs numbers."),
        (
            {"a": [1.0, 2.0, 3.0, 4.0]},
            {"dtype": "int64"},
            "The cells have the type double, but the model needs integers.",
        ),
        ({"a": [["u"], ["v"], ["w"], ["x"]]}, {}, "The cells have the type list<element: string>, but the model needs"),
        ({"a": [[[[1]]], [[[2]]]] * 2}, {}, "The cells have the type "),
    ],
)
def test_cells_of_a_wrong_type_are_reported_with_their_column(complaint, given, options, message):
    assert complaint(columns(**given), **options).startswith(f'column "a": {message}')


@pytest.mark.parametrize(
    ("cells", "loss", "message"),
    [
        (["u", "v", "w", "x"], "MSELoss", "The cells have the type string, but MSELoss needs numbers."),
        (DAYS, "CrossEntropyLoss", "The cells have the type date32[day], but CrossEntropyLoss needs numbers or text."),
        (
            [["u"], ["v"], ["w"], ["x"]],
            "MSELoss",
            "The cells have the type list<element: string>, but MSELoss needs numbers.",
        ),
        (
            [0.5, 1.5, 2.5, 3.5],
            "CTCLoss",
            "The cells have the type double, but CTCLoss needs text or lists of integers.",
        ),
        (
            [[0.5], [1.5], [2.5], [3.5]],
            "CTCLoss",
            "The cells have the type list<element: double>, but CTCLoss needs text or lists of integers.",
        ),
    ],
)
def test_targets_of_a_wrong_type_are_reported_with_the_type_that_the_loss_needs(complaint, cells, loss, message):
    assert complaint({"a": [1, 2, 3, 4], "y": cells}, loss=loss) == f'column "y": {message}'


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (
            {"a": [1, 2, 3, None]},
            {},
            'row 4, column "a": The cell is empty. Or let a kind fill it in: columns = { a = { type = "Number", missing = "mean" } }.',
        ),
        (
            {"a": [None, None, None, None]},
            {},
            'row 1, column "a": The cell is empty. 4 cells of the column are missing: rows 1, 2, 3, 4. Or let a kind fill it in: columns = { a = { type = "Number", missing = "mean" } }.',
        ),
        (
            {"a": [1, 2, 3, 4], "y": [1, None, 3, 4]},
            {},
            'row 2, column "y": The cell is empty: fill it in, or drop such rows with `missing_targets = "drop"`.',
        ),
        (
            {"a": [1, 2, 3, 4], "y": ["u", "v", "v", ""]},
            {"loss": "CrossEntropyLoss"},
            'row 4, column "y": The cell is empty: fill it in, or drop such rows with `missing_targets = "drop"`.',
        ),
        ({"a": [1.0, 2.0, float("nan"), 4.0]}, {}, 'row 3, column "a": nan is not a finite float32.'),
        ({"a": [1, 2, 3, 4], "b": [1, 2, 3, -1e39]}, {}, 'row 4, column "b": -1e+39 is not a finite float32.'),
        (
            {"a": [1, 2, 3, 4], "y": [1.0, 2.0, 3.0, float("inf")]},
            {},
            'row 4, column "y": inf is not a finite float32.',
        ),
        (
            {"a": pyarrow.array([1, 2, 3, 2**63], pyarrow.uint64())},
            {"dtype": "int64"},
            f'row 4, column "a": {2**63} is too large for int64.',
        ),
    ],
)
def test_an_unusable_cell_is_reported_with_row_and_column(complaint, given, options, message):
    assert complaint(columns(**given), **options) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty."),
        (b"a,b\n1,2\n" * 10, 'This is a text file, not Parquet. If it is a table, set `type = "CSV"`.'),
        (None, "There is no such file."),
    ],
)
def test_a_file_that_is_not_parquet_is_reported(prepare_parquet, tmp_path, content, message):
    path = tmp_path / "other.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        prepare_parquet({"a": [1], "y": [2]}, path=str(path))
    assert str(raised.value).startswith(f"{path}: {message.removesuffix('.')}")
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith(".")


def test_a_damaged_file_is_reported(prepare_parquet, tmp_path):
    path = tmp_path / "damaged.parquet"
    parquet.write_table(pyarrow.table({"a": list(range(1000)), "y": list(range(1000))}), path)
    content = bytearray(path.read_bytes())
    content[4:40] = b"\xff" * 36
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        prepare_parquet({"a": [1], "y": [2]}, path=str(path))
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_a_directory_is_reported(prepare_parquet, tmp_path):
    with pytest.raises(DataError, match=r"This is a directory, not a file\.$"):
        prepare_parquet({"a": [1], "y": [2]}, path=str(tmp_path))


def test_files_without_rows_and_with_duplicate_names_are_reported(complaint):
    assert complaint({"a": pyarrow.array([], "int64"), "y": pyarrow.array([], "int64")}) == "The file has no rows."
    twice = pyarrow.Table.from_arrays([pyarrow.array([1])] * 3, names=["a", "a", "y"])
    assert complaint(twice) == 'Two columns are named "a".'


def test_a_column_with_a_dot_in_its_name_is_not_a_field_of_another(prepare_parquet):
    given = {"a": [{"b": 1}, {"b": 2}], "a.b": [3, 4], "y": [5, 6]}
    assert prepare_parquet(given, inputs="a.b").training.all.input.tolist() == [[3], [4]]


def test_the_unnamed_index_of_pandas_is_skipped(prepare_parquet):
    table = pyarrow.table({"a": [1, 2], "y": [3, 4], "__index_level_0__": [7, 9]})
    table = table.replace_schema_metadata({"pandas": json.dumps({"index_columns": ["__index_level_0__"]})})
    assert prepare_parquet(table).preparation == {"input": {"columns": ["a"]}}


def test_fixed_size_lists_count_as_columns(prepare_parquet):
    lists = pyarrow.array([[1, 2], [3, 4], [5, 6], [7, 8]], pyarrow.list_(pyarrow.int32(), 2))
    data = prepare_parquet(columns(a=[10, 20, 30, 40], l=lists, b=[0, 0, 1, 1]), standardize=True, test=0.25)
    matrix = numpy.array([[10, 1, 2, 0], [20, 3, 4, 0], [30, 5, 6, 1], [40, 7, 8, 1]], dtype=numpy.float32)
    training = numpy.sort(numpy.random.default_rng(0).permutation(4)[1:])
    mean, std = by_hand.statistics(matrix[training])
    assert torch.equal(data.training.all.input, torch.from_numpy(by_hand.standardized(matrix[training], mean, std)))
    known = {"columns": ["a", "l", "b"], "mean": mean.tolist(), "std": std.tolist(), "sizes": [1, 2, 1]}
    assert data.preparation == {"input": known}
    assert data.training.all.lengths == {}


def test_fixed_size_lists_can_have_a_shape(prepare_parquet):
    lists = pyarrow.array([[1, 2, 3, 4], [5, 6, 7, 8]], pyarrow.list_(pyarrow.float32(), 4))
    data = prepare_parquet({"l": lists, "y": [1, 2]}, shape=[1, 2, 2])
    assert data.training.all.input.tolist() == [[[[1, 2], [3, 4]]], [[[5, 6], [7, 8]]]]


def test_a_non_finite_number_in_a_fixed_size_list_is_reported_with_its_place(complaint):
    lists = pyarrow.array([[1, 2], [3, float("nan")]], pyarrow.list_(pyarrow.float64(), 2))
    assert complaint({"a": [1, 2], "l": lists, "y": [1, 2]}) == (
        'row 2, column "l", element 2: nan is not a finite float32.'
    )


def test_a_class_with_a_nul_character_is_refused(prepare_parquet):
    with pytest.raises(DataError, match='row 2, column "y": It contains a NUL character'):
        prepare_parquet({"a": [1.0, 2.0], "y": ["x", "x\0"]}, loss="CrossEntropyLoss")
