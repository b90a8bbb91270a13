import by_hand
import numpy
import pytest
import torch
from torch import nn

import hookline
from hookline.errors import DataError, MismatchError, SpecError

GENERATOR = numpy.random.default_rng(3)
X = GENERATOR.normal(size=(12, 3))
Y = GENERATOR.normal(size=12)
STEPS = GENERATOR.normal(size=(12, 5, 2)).astype(numpy.float32) * [1, 50] + [0, 7]
LENGTHS = numpy.array([1, 5, 3, 2, 5, 4, 4, 1, 2, 3, 5, 2])


def only(batches):
    [batch] = batches.epoch(1)
    return batch


def message_of(error):
    """Return the message without the directory."""
    return str(error.value).partition("/arrays.npz: ")[2]


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "uint8", "int8", "int16", "uint32", "int64", "bool", ">f4"]
)
def test_numbers_of_every_type_become_float32(prepare_arrays, dtype):
    x = (abs(X) * 10).astype(dtype)
    batch = only(prepare_arrays({"x": x, "y": Y}).training)
    assert batch.input.dtype == torch.float32
    assert batch.input.tolist() == x.astype(numpy.float32).tolist()
    assert batch.target.flatten().tolist() == Y.astype(numpy.float32).tolist()


@pytest.mark.parametrize("dtype", ["uint8", "int32", "uint64", "bool", "float64"])
def test_integers_become_int64_on_request(prepare_arrays, dtype):
    x = (abs(X) * 10).astype("uint8").astype(dtype)
    batch = only(prepare_arrays({"x": x, "y": Y}, dtype="int64").training)
    assert batch.input.dtype == torch.int64
    assert batch.input.tolist() == x.astype(numpy.int64).tolist()


def test_inputs_keep_their_shape_in_any_memory_order(prepare_arrays):
    images = numpy.asfortranarray(numpy.arange(12 * 2 * 4 * 3, dtype=numpy.float32).reshape(12, 2, 4, 3))
    data = prepare_arrays({"x": images, "y": Y})
    assert only(data.training).input.tolist() == images.tolist()
    assert data.preparation == {"input": {"array": "x"}}


def test_inputs_default_to_all_arrays_without_another_role(prepare_arrays):
    arrays = {"a": X, "y": Y, "b": X[:, :1], "s": numpy.repeat("training", 12), "l": LENGTHS, "c": STEPS}
    batch = only(prepare_arrays(arrays, split_column="s", lengths={"c": "l"}).training)
    assert list(batch.inputs) == ["a", "b", "c"]
    assert list(batch.lengths) == ["c"]
    assert list(batch.targets) == ["target"]


@pytest.mark.parametrize(
    ("inputs", "groups"),
    [
        ("a", {"input": "a"}),
        (["b", "a"], {"b": "b", "a": "a"}),
        (["a"], {"a": "a"}),
        ({"anchor": "b", "positive": "a"}, {"anchor": "b", "positive": "a"}),
        ({"one": "a", "other": "a"}, {"one": "a", "other": "a"}),
    ],
)
def test_inputs_are_one_array_or_groups_by_name(prepare_arrays, inputs, groups):
    arrays = {"a": X.astype(numpy.float32), "b": STEPS.astype(numpy.float32), "y": Y}
    data = prepare_arrays(arrays, inputs=inputs)
    batch = only(data.training)
    assert list(batch.inputs) == list(groups)
    for group, name in groups.items():
        assert batch.inputs[group].tolist() == arrays[name].tolist()
    assert data.preparation == {group: {"array": name} for group, name in groups.items()}


def test_a_target_can_consist_of_several_arrays_with_columns(prepare_arrays):
    data = prepare_arrays({"x": X, "p": Y, "q": STEPS[:, 0]}, targets=["q", "p"])
    expected = numpy.column_stack([STEPS[:, 0], Y]).astype(numpy.float32)
    assert only(data.training).target.tolist() == expected.tolist()
    assert data.target.columns == ("q[0]", "q[1]", "p")


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (numpy.array(["b", "a", "c"] * 4), ("a", "b", "c")),
        (numpy.array([7, 3, 200] * 4, dtype="uint8"), (3, 7, 200)),
        (numpy.array([True, False, False] * 4), (0, 1)),
    ],
)
def test_text_integers_and_booleans_are_classes(prepare_arrays, classes, names):
    data = prepare_arrays({"x": X, "y": classes}, loss="CrossEntropyLoss")
    assert data.target.classes == names
    assert [names[index] for index in only(data.training).target] == classes.tolist()


def test_rows_of_probabilities_can_be_the_target_of_a_classification_loss(prepare_arrays):
    shares = numpy.tile([[0.25, 0.75], [1.0, 0.0]], (6, 1))
    data = prepare_arrays({"x": X, "y": shares}, loss="CrossEntropyLoss")
    assert only(data.training).target.tolist() == shares.tolist()
    assert data.target.classes == ("y[0]", "y[1]")


def test_inputs_can_also_be_the_target_and_only_the_inputs_are_standardized(prepare_arrays):
    x = X.astype(numpy.float32)
    batch = only(prepare_arrays({"x": x}, inputs="x", targets="x", standardize=True).training)
    assert batch.target.tolist() == x.tolist()
    assert batch.input.tolist() == by_hand.standardized(x, *by_hand.statistics(x)).tolist()


def test_a_loss_without_a_target_needs_none(prepare_arrays):
    arrays = {"anchor": X, "positive": X, "negative": X}
    batch = only(prepare_arrays(arrays, loss="TripletMarginLoss", targets=None).training)
    assert (list(batch.inputs), batch.targets) == (["anchor", "positive", "negative"], {})


def test_images_are_standardized_along_their_last_dimension(prepare_arrays):
    images = GENERATOR.normal(size=(12, 2, 3, 4)) * [1, 10, 100, 0]
    data = prepare_arrays({"x": images, "y": Y}, standardize=True, validation=0.25)
    order = numpy.random.default_rng(0).permutation(12)
    mean, std = by_hand.statistics(images[numpy.sort(order[3:])])
    assert std[3] == 1  # A constant column is only shifted to 0.
    for split, rows in ((data.training, order[3:]), (data.validation, order[:3])):
        assert only(split).input.tolist() == by_hand.standardized(images[numpy.sort(rows)], mean, std).tolist()
    assert data.preparation == {"input": {"array": "x", "mean": mean.tolist(), "std": std.tolist()}}


@pytest.mark.parametrize("shape", [(), (2,), (3, 2)])
def test_padding_is_0_and_excluded_from_the_statistics(prepare_arrays, shape):
    steps = (GENERATOR.normal(size=(12, 5, *shape)) + 3).astype(numpy.float32)
    is_step = numpy.arange(5) < LENGTHS[:, None]
    steps[~is_step] = numpy.nan
    raw = only(prepare_arrays({"x": steps, "n": LENGTHS, "y": Y}, lengths="n").training)
    data = prepare_arrays({"x": steps, "n": LENGTHS, "y": Y}, lengths="n", standardize=True)
    mean, std = by_hand.statistics(steps[is_step].reshape(-1, shape[-1] if shape else 1))
    standardized = by_hand.standardized(steps, mean if shape else mean[0], std if shape else std[0])
    for batch, expected in ((raw, steps), (only(data.training), standardized)):
        assert batch.input[torch.from_numpy(is_step)].tolist() == expected[is_step].tolist()
        assert batch.input[torch.from_numpy(~is_step)].unique().tolist() == [0]
        assert batch.lengths["input"].tolist() == LENGTHS.tolist()
        assert batch.lengths["input"].dtype == torch.int64


def test_groups_that_share_a_model_share_statistics(prepare_arrays):
    first, second = X.astype("float32"), (X * 3 + 1).astype("float32")
    same = numpy.array([1, -1] * 6)
    arrays = {"input1": first, "input2": second, "y": same}
    mean, std = by_hand.statistics(numpy.concatenate([first, second]))
    batch = only(prepare_arrays(arrays, loss="CosineEmbeddingLoss", standardize=True).training)
    assert batch.inputs["input1"].tolist() == by_hand.standardized(first, mean, std).tolist()
    assert batch.inputs["input2"].tolist() == by_hand.standardized(second, mean, std).tolist()


def test_groups_can_be_standardized_together(prepare_arrays):
    first, second = X.astype("float32"), (X * 3 + 1).astype("float32")
    mean, std = by_hand.statistics(numpy.concatenate([first, second]))
    batch = only(prepare_arrays({"u": first, "v": second, "y": Y}, standardize="together").training)
    assert batch.inputs["u"].tolist() == by_hand.standardized(first, mean, std).tolist()
    assert batch.inputs["v"].tolist() == by_hand.standardized(second, mean, std).tolist()


@pytest.mark.parametrize(
    ("loss", "names", "standardize"),
    [("MSELoss", ("u", "v"), "together"), ("CosineEmbeddingLoss", ("input1", "input2"), False)],
)
def test_groups_that_cannot_share_layers_are_reported(prepare_arrays, tmp_path, loss, names, standardize):
    one, other = names
    same = numpy.array([1, -1] * 6)
    with pytest.raises(DataError) as raised:
        prepare_arrays({one: X, other: X[:, :1], "y": same}, loss=loss, standardize=standardize)
    assert str(raised.value) == (
        f'{tmp_path / "arrays.npz"}: "{one}" and "{other}" share the same layers, so they must be '
        f'alike. A row of "{one}" is float32 of shape [{X.shape[1]}], but one of "{other}" is float32 of shape [1].'
    )


def test_dtype_and_standardize_can_be_set_by_group(prepare_arrays):
    arrays = {"words": numpy.arange(24).reshape(12, 2), "x": X.astype("float32"), "y": Y}
    options = {"inputs": ["words", "x"], "dtype": {"words": "int64"}, "standardize": {"x": True}}
    data = prepare_arrays(arrays, **options)
    batch = only(data.training)
    assert batch.inputs["words"].tolist() == arrays["words"].tolist()
    assert batch.inputs["words"].dtype == torch.int64
    assert list(data.preparation["words"]) == ["array"]
    assert list(data.preparation["x"]) == ["array", "mean", "std"]


@pytest.mark.parametrize("own", [False, True], ids=["filled up with -1", "lengths of their own"])
def test_sequences_of_classes_are_padded_with_minus_1(prepare_arrays, own):
    known = [[2, 1], [1, 1, 3], [], [3]] * 3
    rows = [[*row, *[9 if own else -1] * (4 - len(row))] for row in known]
    arrays = {"x": STEPS, "y": numpy.array(rows), "n": numpy.array([len(row) for row in known])}
    data = prepare_arrays(arrays, inputs="x", loss="CTCLoss", lengths={"y": "n"} if own else None)
    batch = only(data.training)
    assert batch.target.tolist() == [[*row, *[-1] * (4 - len(row))] for row in known]
    assert batch.target.dtype == torch.int64
    assert batch.lengths == {}
    assert data.target.classes == ("", 1, 2, 3)


def test_sequences_of_classes_can_be_text(prepare_arrays):
    words = numpy.array(["ab", "b", "cab"] * 4)
    data = prepare_arrays({"x": STEPS, "y": words}, loss="CTCLoss")
    assert only(data.training).target.tolist() == [[1, 2, -1], [2, -1, -1], [3, 1, 2]] * 4
    assert data.target.classes == ("", "a", "b", "c")


@pytest.mark.parametrize("stratify", [False, True])
def test_fractions_are_split_as_in_tables(prepare_arrays, prepare, stratify):
    numbers, classes = numpy.arange(60), numpy.array(["u", "v", "w"])[GENERATOR.integers(3, size=60)]
    options = {"validation": 0.2, "test": 0.1, "stratify": stratify, "split_seed": 4, "loss": "CrossEntropyLoss"}
    table = "x,y\n" + "".join(f"{number},{name}\n" for number, name in zip(numbers, classes, strict=True))
    of_arrays, of_table = prepare_arrays({"x": numbers[:, None], "y": classes}, **options), prepare(table, **options)
    for split in ("training", "validation", "test"):
        one, other = only(getattr(of_arrays, split)), only(getattr(of_table, split))
        assert torch.equal(one.input, other.input)
        assert torch.equal(one.target, other.target)


def test_a_text_array_can_define_the_splits_and_lengths_follow_their_rows(prepare_arrays):
    names = numpy.array(["training", "validation", "test"] * 4)
    arrays = {"x": STEPS, "n": LENGTHS, "y": Y, "s": names}
    data = prepare_arrays(arrays, split_column="s", lengths="n")
    for split in ("training", "validation", "test"):
        batch = only(getattr(data, split))
        assert batch.target.flatten().tolist() == Y[names == split].astype("float32").tolist()
        assert batch.lengths["input"].tolist() == LENGTHS[names == split].tolist()


def test_validation_and_test_files_may_have_longer_or_shorter_sequences(prepare_arrays, tmp_path):
    numpy.savez(tmp_path / "v.npz", x=STEPS[:4, :2], n=numpy.array([1, 2, 2, 1]), y=Y[:4])
    numpy.savez_compressed(tmp_path / "t.npz", y=Y[:1], x=numpy.ones((1, 9, 2)), n=numpy.array([9]), unused=Y)
    files = {"validation": str(tmp_path / "v.npz"), "test": str(tmp_path / "t.npz")}
    data = prepare_arrays({"x": STEPS, "n": LENGTHS, "y": Y}, inputs="x", lengths="n", **files)
    assert (data.training.rows, data.validation.rows, data.test.rows) == (12, 4, 1)
    assert only(data.validation).input.shape == (4, 2, 2)
    assert only(data.test).input.tolist() == numpy.ones((1, 9, 2)).tolist()


@pytest.mark.parametrize(
    ("options", "arrays", "message"),
    [
        ({}, {"x": X}, 'There is no array "y". Available: "x".'),
        ({"inputs": "xs"}, {"x": X, "y": Y}, 'There is no array "xs". Did you mean "x"?'),
        ({}, {"y": Y}, "No array is left for the inputs."),
        ({}, {"x": X[:5], "y": Y}, '"y" has 12 rows, but "x" has 5. All arrays must have the same number of rows.'),
        ({}, {"x": X[:0], "y": Y[:0]}, "The arrays have no rows."),
        ({}, {"x": numpy.array(3.0), "y": Y}, '"x" is a single value, so it has no rows.'),
        ({}, {"x": Y.astype(complex), "y": Y}, '"x" has the type complex128, but must have numbers or text.'),
        ({}, {"x": numpy.array([b"a"]), "y": Y}, '"x" has the type |S1, but must have numbers or text.'),
        ({}, {"x": Y.astype(str), "y": Y}, '"x" is text, but inputs must be numbers.'),
        (
            {},
            {"x": numpy.array([[1, None]] * 12), "y": Y},
            '"x" contains pickled Python objects, and unpickling could run any code. Save arrays of numbers or text '
            "instead.",
        ),
        (
            {},
            {"x": numpy.where(numpy.arange(36).reshape(12, 3) == 7, numpy.nan, X), "y": Y},
            'row 3 of "x": nan is not a finite float32.',
        ),
        ({}, {"x": numpy.full((12, 1), 1e300), "y": Y}, 'row 1 of "x": 1e+300 is not a finite float32.'),
        ({}, {"x": X, "y": numpy.array([0.0] * 11 + [numpy.inf])}, 'row 12 of "y": inf is not a finite float32.'),
        ({"dtype": "int64"}, {"x": numpy.array([1, 2.5] * 6), "y": Y}, 'row 2 of "x": 2.5 is not an int64.'),
        (
            {"dtype": "int64"},
            {"x": numpy.full(12, 2**63, dtype="uint64"), "y": Y},
            'row 1 of "x": 9223372036854775808 is not an int64.',
        ),
        (
            {},
            {"x": X, "y": numpy.full(12, 2**63, dtype="uint64")},
            'row 1 of "y": 9223372036854775808 is not an int64.',
        ),
        (
            {"loss": "CrossEntropyLoss"},
            {"x": X, "y": STEPS},
            'A row of "y" has the shape (5, 2), but a target must be a single value or a vector.',
        ),
        (
            {"lengths": "n"},
            {"x": STEPS, "y": Y, "n": numpy.where(LENGTHS == 3, 6, LENGTHS)},
            'row 3 of "n": 6 is not a valid length: "x" has 5 steps.',
        ),
        (
            {"lengths": "n"},
            {"x": STEPS, "y": Y, "n": numpy.where(LENGTHS == 3, 0, LENGTHS)},
            'row 3 of "n": 0 is not a valid length: "x" has 5 steps.',
        ),
        (
            {"lengths": "n"},
            {"x": STEPS, "y": Y, "n": LENGTHS / 2},
            '"n" has the type float64 and rows of the shape (), but lengths must be one integer per row.',
        ),
        (
            {"lengths": "n"},
            {"x": Y, "y": Y, "n": LENGTHS},
            '"x" has one value per row, so it cannot have lengths.',
        ),
        (
            {"split_column": "s"},
            {"x": X, "y": Y, "s": LENGTHS / 2},
            '"s" has the type float64 and rows of the shape (), but must have one string or integer per row.',
        ),
        (
            {"split_column": "s"},
            {"x": X, "y": Y, "s": numpy.array(["training", "tests"] * 6)},
            'row 2, column "s": "tests" is not a split. Use "training", "validation" or "test", or map '
            "the values to splits with `split_values`.",
        ),
        (
            {"validation": 0.2, "stratify": True},
            {"x": X, "y": STEPS[:, 0]},
            'Cannot stratify by "y": it has several values per row.',
        ),
        (
            {"loss": "CTCLoss"},
            {"x": STEPS, "y": numpy.array([[1, -1, 2]] * 12)},
            'row 1 of "y": -1 is neither an index of the sequence nor -1 at its end.',
        ),
        (
            {"loss": "CTCLoss"},
            {"x": STEPS, "y": numpy.array([[1, 2, -2]] * 12)},
            'row 1 of "y": -2 is neither an index of the sequence nor -1 at its end.',
        ),
        (
            {"loss": "CTCLoss"},
            {"x": STEPS, "y": Y},
            '"y" has the type float64 and rows of the shape (), but sequences of classes must be rows of integers, or '
            "one string per row.",
        ),
    ],
)
def test_an_unusable_array_is_reported(prepare_arrays, options, arrays, message):
    with pytest.raises(DataError) as caught:
        prepare_arrays(arrays, **options)
    assert message_of(caught) == message


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        (
            {"inputs": ["x", "z"], "lengths": "n"},
            ("data", "lengths"),
            'There are several groups of inputs, "x" and "z": use a table to assign the lengths.',
        ),
        (
            {"inputs": "x", "lengths": {"xx": "n"}},
            ("data", "lengths", "xx"),
            'No input or target is called "xx". Did you mean "x"?',
        ),
        (
            {"inputs": "x", "lengths": {"y": "n"}},
            ("data", "lengths", "y"),
            '"y" is a target, but MSELoss takes no sequences, so it cannot have lengths.',
        ),
        ({"targets": None}, ("data", "targets"), "MSELoss takes one target, but none is given."),
        (
            {"targets": {"a": "y", "b": "x"}},
            ("data", "targets"),
            "MSELoss takes one target, but 2 are given.",
        ),
    ],
)
def test_options_that_do_not_suit_the_loss_or_the_arrays_are_reported_at_their_place(
    prepare_arrays, options, path, message
):
    with pytest.raises(MismatchError) as caught:
        prepare_arrays({"x": STEPS, "y": Y, "z": X, "n": LENGTHS}, **options)
    assert (caught.value.path, caught.value.message) == (path, message)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"inputs": []}, "inputs: There must be at least one array."),
        ({"inputs": {}}, "inputs: There must be at least one array."),
        ({"targets": []}, "targets: There must be at least one array."),
        ({"targets": {"a": []}}, "targets.a: There must be at least one array."),
        ({"dtype": {"x": "int64"}}, "dtype.x: To set this by group, list the `inputs`."),
        (
            {"inputs": ["x", "z"], "dtype": {"xx": "int64"}},
            'dtype.xx: There is no group of inputs "xx". Did you mean "x"?',
        ),
        (
            {"inputs": {"a": "x"}, "standardize": {"x": True}},
            'standardize.x: There is no group of inputs "x". Available: "a".',
        ),
        (
            {"dtype": "int64", "standardize": True},
            'standardize: Integers cannot be standardized, but the `dtype` is "int64".',
        ),
        (
            {"inputs": ["x", "z"], "dtype": "int64", "standardize": {"z": True}},
            'standardize.z: Integers cannot be standardized, but the `dtype` is "int64".',
        ),
        (
            {"targets": None, "validation": 0.5, "stratify": True},
            "stratify: Stratifying needs the classes of a target, but there are no `targets`.",
        ),
        ({"stratify": True}, "stratify: Only fractions can be stratified: set `validation` or `test` to a number."),
        (
            {"split_column": "s", "test": 0.5},
            "split_column: The column defines the splits, so `validation` and `test` cannot be set.",
        ),
    ],
)
def test_contradictory_options_are_reported_when_the_spec_is_read(prepare_arrays, options, problem):
    with pytest.raises(SpecError) as caught:
        prepare_arrays({"x": X, "y": Y}, **options)
    assert [str(one) for one in caught.value.problems] == [f"data.{problem}"]


def test_rows_of_another_file_must_have_the_shape_of_training_rows(prepare_arrays, tmp_path):
    numpy.savez(tmp_path / "v.npz", x=X[:, :2], y=Y)
    with pytest.raises(DataError) as caught:
        prepare_arrays({"x": X, "y": Y}, validation=str(tmp_path / "v.npz"))
    assert str(caught.value) == (
        f'{tmp_path / "v.npz"}: A row of "x" has the shape (2,), but in {tmp_path / "arrays.npz"} it is (3,).'
    )


def load(path):
    return hookline.load(
        {
            "data": {"type": "NPZ", "path": str(path), "targets": "y", "batch_size": 5},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
            "run": {"epochs": 3},
        }
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no such file."),
        (b"", "This is not an NPZ file, as written by `numpy.savez`."),
        (b"x,y\n1,2\n", "This is not an NPZ file, as written by `numpy.savez`."),
    ],
)
def test_a_file_that_is_not_an_npz_file_is_reported(tmp_path, content, message):
    path = tmp_path / "arrays.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        hookline.train(load(path), out=tmp_path / "run")
    assert str(caught.value) == f"{path}: {message}"


def test_a_directory_is_not_a_file(tmp_path):
    with pytest.raises(DataError) as caught:
        hookline.train(load(tmp_path), out=tmp_path / "run")
    assert str(caught.value) == f"{tmp_path}: The file cannot be read: Is a directory."


@pytest.mark.parametrize("save", [numpy.savez, numpy.savez_compressed])
def test_a_damaged_file_is_reported(tmp_path, save):
    path = tmp_path / "arrays.npz"
    save(path, x=numpy.random.default_rng(0).normal(size=(500, 3)), y=numpy.arange(500.0))
    content = bytearray(path.read_bytes())
    content[2000] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^/.*/arrays\.npz: The file is damaged: .*[^.]\.$"):
        hookline.train(load(path), out=tmp_path / "run")


def test_files_other_than_arrays_in_the_archive_are_not_read(tmp_path):
    import zipfile

    path = tmp_path / "arrays.npz"
    numpy.savez(path, y=Y)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x", "text")
    with pytest.raises(DataError) as caught:
        hookline.train(load(path), out=tmp_path / "run")
    assert str(caught.value) == f'{path}: "x" is not an array.'


def test_objects_are_never_unpickled_even_if_unused(prepare_arrays):
    data = prepare_arrays({"x": X, "y": Y, "z": numpy.array([{}] * 12)}, inputs="x")
    assert only(data.training).input.shape == (12, 3)


def test_training_on_arrays_equals_a_handwritten_loop(tmp_path):
    numpy.savez(tmp_path / "arrays.npz", x=X, y=Y)
    trial = hookline.train(load(tmp_path / "arrays.npz"), out=tmp_path / "run")
    x, y = torch.from_numpy(X.astype("float32")), torch.from_numpy(Y.astype("float32")).unsqueeze(1)
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    for epoch in (1, 2, 3):
        for rows in torch.from_numpy(numpy.random.default_rng((0, epoch)).permutation(12)).split(5):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
    assert torch.equal(trial.model.weight, model.weight)
    assert torch.equal(trial.model.bias, model.bias)
