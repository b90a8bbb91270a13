"""`hookline new spec` for NPZ files: which array is the input, what it is, and what becomes of the target."""

import numpy
import pytest
from exhaustive import sampled

RANDOM = numpy.random.default_rng(0)
ROWS = 40
CLASS = RANDOM.integers(0, 3, ROWS)
NUMBERS = RANDOM.normal(size=(ROWS, 5))
IMAGES = RANDOM.integers(0, 255, (ROWS, 3, 16, 16)).astype("uint8")
SERIES = RANDOM.normal(size=(ROWS, 12, 4)).astype("float32")
LENGTHS = RANDOM.integers(3, 12, ROWS)
TOKENS = numpy.where(numpy.arange(12) < LENGTHS[:, None], RANDOM.integers(1, 30, (ROWS, 12)), 0)
STRINGS = numpy.where(numpy.arange(4) < (LENGTHS // 3)[:, None], RANDOM.integers(0, 5, (ROWS, 4)), -1)


def layers(spec):
    return [type(layer).__name__ for layer in spec.model.layers]


PERCEPTRON = ["Linear", "ReLU", "Linear"]
CONVOLUTIONS = ["Conv2d", "BatchNorm2d", "ReLU", "Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"]
CASES = {
    "classes of vectors": ({"x": NUMBERS, "y": CLASS}, "CrossEntropyLoss", PERCEPTRON),
    "two classes": ({"x": NUMBERS, "y": CLASS > 1}, "BCEWithLogitsLoss", PERCEPTRON),
    "classes in words": ({"x": NUMBERS, "y": numpy.array(["a", "b", "c"])[CLASS]}, "CrossEntropyLoss", PERCEPTRON),
    "numbers": ({"x": NUMBERS, "y": NUMBERS.sum(1) * 100 + 500}, "HuberLoss", PERCEPTRON),
    "several numbers": ({"x": NUMBERS, "y": NUMBERS[:, :2] * 3}, "HuberLoss", PERCEPTRON),
    "labels": ({"x": NUMBERS, "y": NUMBERS[:, :4] > 0}, "BCEWithLogitsLoss", PERCEPTRON),
    "one-hot classes as floats": ({"x": NUMBERS, "y": numpy.eye(3)[CLASS]}, "BCEWithLogitsLoss", PERCEPTRON),
    "images": ({"x": IMAGES, "y": CLASS}, "CrossEntropyLoss", [*CONVOLUTIONS, *CONVOLUTIONS, "Flatten", "Linear"]),
    "gray images": (
        {"x": IMAGES[:, 0], "y": CLASS},
        "CrossEntropyLoss",
        ["Unflatten", *CONVOLUTIONS, *CONVOLUTIONS, "Flatten", "Linear"],
    ),
    "images with the channels last": (
        {"x": IMAGES.transpose(0, 2, 3, 1), "y": CLASS},
        "CrossEntropyLoss",
        ["Transpose", "Transpose", *CONVOLUTIONS, *CONVOLUTIONS, "Flatten", "Linear"],
    ),
    "large images": (
        {"x": RANDOM.normal(size=(ROWS, 1, 16, 900)), "y": CLASS},
        "CrossEntropyLoss",
        [*CONVOLUTIONS, *CONVOLUTIONS, "AdaptiveAvgPool2d", "Flatten", "Linear"],
    ),
    "a number of an image": ({"x": IMAGES[:, :1], "y": IMAGES.mean((1, 2, 3))}, "HuberLoss", None),
    "a class per pixel": ({"x": IMAGES, "y": IMAGES[:, 0] // 100}, "CrossEntropyLoss", None),
    "a number per pixel": ({"x": IMAGES, "y": IMAGES[:, 0] * 7.5}, "MSELoss", None),
    "an image": ({"x": IMAGES, "y": IMAGES[:, :2] / 255}, "MSELoss", None),
    "sequences": ({"x": SERIES, "y": CLASS}, "CrossEntropyLoss", ["GRU", "Linear"]),
    "padded sequences": (
        {"x": SERIES, "x_length": LENGTHS, "y": CLASS},
        "CrossEntropyLoss",
        ["GRU", "Linear"],
    ),
    "a class per step": (
        {"x": SERIES, "y": (SERIES[..., 0] > 0) + RANDOM.integers(0, 2, (ROWS, 12))},
        "CrossEntropyLoss",
        ["GRU", "Linear", "Transpose"],
    ),
    "a number per step": ({"x": SERIES, "y": SERIES.sum(2)}, "MSELoss", ["GRU", "Linear", "Flatten"]),
    "several numbers per step": ({"x": SERIES, "y": SERIES[..., :2] + 9}, "MSELoss", ["GRU", "Linear"]),
    "a sequence of classes": (
        {"x": SERIES, "x_length": LENGTHS, "y": STRINGS},
        "CTCLoss",
        ["GRU", "Linear", "LogSoftmax"],
    ),
    "padded indices": ({"x": TOKENS, "y": CLASS}, "CrossEntropyLoss", ["EmbeddingBag", "ReLU", "Linear"]),
    "indices with lengths": (
        {"x": TOKENS, "length": LENGTHS, "y": CLASS},
        "CrossEntropyLoss",
        ["EmbeddingBag", "ReLU", "Linear"],
    ),
    "a class per index": (
        {"tokens": TOKENS, "y": TOKENS % 3},
        "CrossEntropyLoss",
        ["Embedding", "GRU", "Linear", "Transpose"],
    ),
    "volumes": (
        {"x": RANDOM.normal(size=(ROWS, 1, 4, 4, 4)), "y": CLASS},
        "CrossEntropyLoss",
        ["Flatten", *PERCEPTRON],
    ),
    "an image of a vector": (
        {"x": NUMBERS, "y": IMAGES[:, 0] / 255},
        "MSELoss",
        [*PERCEPTRON, "Unflatten"],
    ),
}

SAMPLE = [
    *("classes of vectors", "numbers", "labels", "gray images", "images with the channels last", "a class per pixel"),
    *("an image", "padded sequences", "a class per step", "a sequence of classes", "padded indices"),
]


@pytest.mark.parametrize("case", sampled(CASES, SAMPLE))
def test_loss_and_model_suit_the_arrays_and_train(here, drafted, case):
    arrays, loss, expected = CASES[case]
    numpy.savez(here / "arrays.npz", **arrays)
    spec, _ = drafted("arrays.npz", "--target", "y")
    assert type(spec.loss).__name__ == loss
    if expected is not None:
        assert layers(spec) == expected


def test_images_are_moved_at_random_and_normalized_but_not_if_their_target_cannot_move(here, drafted):
    numpy.savez(here / "arrays.npz", x=IMAGES, y=CLASS, mask=IMAGES[:, 0] // 100)
    spec, out = drafted("arrays.npz", "--target", "y", trains=False)
    assert [type(one).__name__ for one in spec.data.transforms] == ["RandomHorizontalFlip", "RandomCrop", "Normalize"]
    assert '"mask" is not an input: "x" is the input; name others in `inputs` to use them\n' in out
    (here / "spec.toml").unlink()
    spec, _ = drafted("arrays.npz", "--target", "mask", trains=False)
    assert [type(one).__name__ for one in spec.data.transforms] == ["Normalize"]


def test_a_number_in_another_unit_is_reached_by_the_last_layer(here, drafted):
    numpy.savez(here / "arrays.npz", x=NUMBERS, y=NUMBERS.sum(1) * 100 + 5000)
    drafted("arrays.npz", "--target", "y", trains=False)
    text = (here / "spec.toml").read_text()
    assert '[[initialize]] # near the mean of the target\ntype = "constant_"\nparameters = "2.bias"\nval = 50' in text
    assert 'groups = [{ parameters = "2.*", lr = ' in text
    (here / "spec.toml").unlink()
    numpy.savez(here / "arrays.npz", x=NUMBERS, y=NUMBERS.sum(1))
    spec, _ = drafted("arrays.npz", "--target", "y", trains=False)
    assert not spec.initialize


def test_an_array_of_splits_is_used_and_minus_1_is_ignored(here, drafted):
    split = numpy.array(["train", "val", "test", "train"] * 10)
    per_step = numpy.where(SERIES[..., 0] > 0, 1, -1) * (SERIES[..., 1] > 0)
    numpy.savez(here / "arrays.npz", x=SERIES, y=per_step, split=split)
    spec, _ = drafted("arrays.npz", "--target", "y")
    assert spec.data.split_column == "split"
    assert spec.data.split_values == {"training": "train", "validation": "val", "test": "test"}
    assert spec.loss.ignore_index == 0


def test_arrays_of_other_splits_in_the_same_file_are_left_out_with_what_to_do(here, new_spec):
    arrays = {"x_train": NUMBERS, "y_train": CLASS, "x_test": NUMBERS[:9], "y_test": CLASS[:9]}
    numpy.savez(here / "arrays.npz", **arrays)
    assert new_spec("arrays.npz", "--target", "y_train")[1].splitlines()[:2] == [
        'Created arrays.toml. It predicts the class "y_train" (3 classes) from "x_train".',
        '  "x_test" and "y_test" are not inputs: 9 rows instead of 40; save the test split in a file of its own, '
        'with the same names, and set `test = "test.npz"`',
    ]


def test_files_of_other_splits_are_used(here, drafted):
    for name in ("train", "test"):
        numpy.savez(here / f"{name}.npz", x=NUMBERS, y=CLASS)
    spec, out = drafted("train.npz", "--test", "test.npz", "--target", "y")
    assert (spec.data.validation, spec.data.test.name) == (0.2, "test.npz")
    assert out.endswith("new.npz\n")


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"y": CLASS}, "There is only one array; a target and an input are needed."),
        (
            {"x": NUMBERS[:, 0], "y": CLASS},
            "No array has several numbers per row. Save the inputs side by side, in an array (rows, columns).",
        ),
        ({"x": NUMBERS[1:], "y": CLASS}, 'No array can be the input. "x": 39 rows instead of 40.'),
        ({"x": NUMBERS.astype("complex64"), "y": CLASS}, 'No array can be the input. "x" has the type complex64,'),
        ({"x": NUMBERS[:, :0], "y": CLASS}, 'No array can be the input. "x": its rows are empty.'),
        (
            {"x": numpy.where(NUMBERS > 1, numpy.nan, NUMBERS), "y": CLASS},
            'No column can be an input. "x": numbers are missing in',
        ),
        ({"x": NUMBERS, "y": numpy.zeros(ROWS)}, '"y" cannot be the target: all of its cells are "0".'),
        ({"x": NUMBERS, "y": numpy.zeros((ROWS, 2))}, '"y" cannot be the target: its numbers are all 0.'),
        ({"x": NUMBERS, "y": numpy.full((ROWS, 2), numpy.nan)}, "none of its numbers is finite"),
        ({"x": NUMBERS[:0], "y": CLASS[:0]}, "The arrays have no rows."),
        ({"x": NUMBERS, "y": numpy.array([["a", "b"]] * ROWS)}, "it has several texts per row"),
    ],
)
def test_what_cannot_be_learned_is_reported(here, new_spec, arrays, problem):
    numpy.savez(here / "arrays.npz", **arrays)
    code, out, err = new_spec("arrays.npz", "--target", "y")
    assert (code, out) == (2, "")
    assert err.startswith("arrays.npz: ")
    assert problem in err


def test_half_precision_is_read_without_a_warning(here, drafted):
    numpy.savez(here / "arrays.npz", x=NUMBERS.astype("float16"), y=NUMBERS[:, :1] > 0)
    spec, out = drafted("arrays.npz", "--target", "y")
    assert layers(spec) == PERCEPTRON
    assert out.startswith('Created spec.toml. It predicts "y" (1 label per row) from "x".')


def test_pickled_arrays_are_left_out(here, drafted):
    numpy.savez(here / "arrays.npz", x=NUMBERS, y=CLASS, names=numpy.array([{}] * ROWS, dtype=object))
    _, out = drafted("arrays.npz", "--target", "y")
    assert '"names" is not an input: "names" contains pickled Python objects' in out
