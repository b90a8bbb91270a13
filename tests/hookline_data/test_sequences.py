import by_hand
import numpy
import pyarrow
import pytest
import torch
from pyarrow import parquet

from hookline.errors import DataError

WORDS = [[1, 2, 3], [4], [5, 6], [7, 8, 9, 10], [11, 12]]
STEPS = pyarrow.array(
    [[[1, 2], [3, 4]], [[5, 6]], [[7, 8], [9, 10], [11, 12]]], pyarrow.list_(pyarrow.list_(pyarrow.float32(), 2))
)


@pytest.fixture
def complaint(prepare_parquet, tmp_path):
    """Return the error message about a file, without its path."""

    def complaint(columns, **options):
        with pytest.raises(DataError) as raised:
            prepare_parquet({"y": list(range(len(columns["w"]))), **columns}, **options)
        return str(raised.value).removeprefix(f"{tmp_path / 'table.parquet'}: ")

    return complaint


def test_variable_length_lists_are_sequences_padded_with_0(prepare_parquet):
    data = prepare_parquet({"w": WORDS, "y": [0, 1, 2, 3, 4]})
    [batch] = data.training.epoch(1)
    assert batch.input.dtype == torch.float32
    assert batch.input.tolist() == [[1, 2, 3, 0], [4, 0, 0, 0], [5, 6, 0, 0], [7, 8, 9, 10], [11, 12, 0, 0]]
    assert batch.lengths["input"].dtype == torch.int64
    assert {name: lengths.tolist() for name, lengths in batch.lengths.items()} == {"input": [3, 1, 2, 4, 2]}
    assert data.preparation == {"input": {"columns": ["w"]}}


def test_sequences_may_be_integers(prepare_parquet):
    [batch] = prepare_parquet({"w": [[2**62 + 1], [3, 4]], "y": [0, 1]}, dtype="int64").training.epoch(1)
    assert batch.input.dtype == torch.int64
    assert batch.input.tolist() == [[2**62 + 1, 0], [3, 4]]


@pytest.mark.parametrize("kind", [pyarrow.list_, pyarrow.large_list])
def test_a_list_of_fixed_size_lists_is_a_sequence_of_steps_with_several_features(prepare_parquet, kind):
    steps = STEPS.cast(kind(pyarrow.list_(pyarrow.float64(), 2)))
    [batch] = prepare_parquet({"w": steps, "y": [0, 1, 2]}).training.epoch(1)
    assert batch.input.tolist() == [
        [[1, 2], [3, 4], [0, 0]],
        [[5, 6], [0, 0], [0, 0]],
        [[7, 8], [9, 10], [11, 12]],
    ]
    assert batch.lengths["input"].tolist() == [2, 1, 3]


def test_sequences_and_their_lengths_are_split_and_shuffled_together(prepare_parquet):
    lengths = numpy.random.default_rng(0).integers(1, 9, size=40)
    words = [[row + 1] * length for row, length in enumerate(lengths.tolist())]
    data = prepare_parquet({"w": words, "y": list(range(40))}, validation=0.25, shuffle=True, batch_size=7, seed=4)
    order = numpy.random.default_rng(0).permutation(40)
    training, validation = numpy.sort(order[10:]), numpy.sort(order[:10])
    for batches, rows in (
        (data.training, training[numpy.random.default_rng((4, 2)).permutation(30)]),
        (data.validation, validation),
    ):
        seen = list(batches.epoch(2))
        assert torch.cat([batch.target for batch in seen]).flatten().tolist() == rows.tolist()
        assert torch.cat([batch.lengths["input"] for batch in seen]).tolist() == lengths[rows].tolist()
        padded = numpy.where(numpy.arange(8) < lengths[rows][:, None], rows[:, None] + 1, 0)
        assert torch.cat([batch.input for batch in seen]).tolist() == padded.tolist()


def test_sequences_can_be_combined_with_other_groups(prepare_parquet):
    data = prepare_parquet(
        {"w": WORDS, "v": [[1]] * 5, "a": [1.5] * 5, "y": [0] * 5},
        inputs={"word": "w", "number": "a", "other": "v"},
        dtype={"word": "int64"},
    )
    [batch] = data.training.epoch(1)
    assert {name: tuple(rows.shape) for name, rows in batch.inputs.items()} == {
        "word": (5, 4),
        "number": (5, 1),
        "other": (5, 1),
    }
    assert {name: lengths.tolist() for name, lengths in batch.lengths.items()} == {
        "word": [3, 1, 2, 4, 2],
        "other": [1] * 5,
    }


def test_steps_are_standardized_with_the_statistics_of_training_steps_without_padding(prepare_parquet):
    generator = numpy.random.default_rng(3)
    sequences = [generator.normal(size=(length, 2)) * [1, 9] + [0, 50] for length in generator.integers(1, 6, size=20)]
    sequences = [sequence.astype(numpy.float32) for sequence in sequences]
    steps = pyarrow.array([sequence.tolist() for sequence in sequences], STEPS.type)
    data = prepare_parquet({"w": steps, "y": list(range(20))}, standardize=True, test=0.25)
    order = numpy.random.default_rng(0).permutation(20)
    training, test = sorted(order[5:]), sorted(order[:5])
    mean, std = by_hand.statistics(numpy.concatenate([sequences[row] for row in training]))
    for batches, rows in ((data.training, training), (data.test, test)):
        for row, padded, length in zip(rows, batches.all.input, batches.all.lengths["input"].tolist(), strict=True):
            assert torch.equal(padded[:length], torch.from_numpy(by_hand.standardized(sequences[row], mean, std)))
            assert not padded[length:].any()
    assert data.preparation == {"input": {"columns": ["w"], "mean": mean.tolist(), "std": std.tolist()}}


def test_steps_with_a_single_feature_are_standardized(prepare_parquet):
    data = prepare_parquet({"w": [[1.0, 2.0], [6.0]], "y": [0, 1]}, standardize=True)
    mean, std = 3.0, numpy.std([1, 2, 6])
    numbers = by_hand.standardized(numpy.array([[1, 2], [6, 3]]), mean, std)
    assert data.training.all.input.tolist() == numbers.tolist()
    assert data.preparation == {"input": {"columns": ["w"], "mean": [mean], "std": [std]}}


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"w": [[1, 2], []]}, {}, 'row 2, column "w": The list is empty.'),
        ({"w": [[1, 2], None]}, {}, 'row 2, column "w": The cell is empty.'),
        ({"w": [[1, 2], [3], [4, None]]}, {}, 'row 3, column "w", element 2: It is missing.'),
        (
            {"w": pyarrow.array([[[1, 2]], [[3, 4], None]], STEPS.type)},
            {},
            'row 2, column "w", element 2: It is missing.',
        ),
        (
            {"w": pyarrow.array([[[1, 2]], [[3, 4], [5, None]]], STEPS.type)},
            {},
            'row 2, column "w", element 2: It contains a missing value.',
        ),
        ({"w": [[1.0], [2.0, float("inf")]]}, {}, 'row 2, column "w", element 2: inf is not a finite float32.'),
        (
            {"w": pyarrow.array([[[1, 2]], [[3, 4], [5, float("nan")]]], STEPS.type)},
            {},
            'row 2, column "w", element 2: nan is not a finite float32.',
        ),
        (
            {"w": pyarrow.array([[1], [2, 2**63]], pyarrow.list_(pyarrow.uint64()))},
            {"dtype": "int64"},
            f'row 2, column "w", element 2: {2**63} is too large for int64.',
        ),
        (
            {"w": pyarrow.array([[[1, 2]], [[3, 4], [5, 2**63]]], pyarrow.list_(pyarrow.list_(pyarrow.uint64(), 2)))},
            {"dtype": "int64"},
            f'row 2, column "w", element 2: {2**63} is too large for int64.',
        ),
        (
            {"w": [[1.5], [2.0]]},
            {"dtype": "int64"},
            'column "w": The cells have the type list<element: double>, but the model needs integers.',
        ),
        (
            {"w": [[1], [2, 3]], "a": [1, 2]},
            {"inputs": {"u": ["w", "a"]}},
            'The column "w" has lists of different lengths, so it must be the only column of its group of inputs, but "u" also '
            'has "a".',
        ),
        (
            {"w": [[1], [2, 3]]},
            {"shape": [1, 2]},
            'row 1, column "w": It has 1 numbers, but the `shape` has 2.',
        ),
    ],
)
def test_unusable_sequences_are_reported_with_their_place(complaint, columns, options, message):
    assert complaint(columns, **options) == message


def test_targets_can_be_sequences_of_indices_padded_with_minus_1(prepare_parquet):
    data = prepare_parquet({"w": [1, 2, 3], "y": [[3, 1], [2], [1, 1, 2]]}, loss="CTCLoss")
    assert data.training.all.target.tolist() == [[3, 1, -1], [2, -1, -1], [1, 1, 2]]
    assert data.target.classes == ("", 1, 2, 3)


@pytest.mark.parametrize("text", [["ba", "c", "aab"], ["012", "1", "0022"]])
def test_text_is_a_sequence_of_characters_in_both_file_formats(prepare, prepare_parquet, text):
    one = prepare_parquet({"w": [1, 2, 3], "y": text}, loss="CTCLoss")
    other = prepare("w,y\n" + "".join(f"0,{cell}\n" for cell in text), loss="CTCLoss")
    letters = sorted(set("".join(text)))
    assert one.target.classes == other.target.classes == ("", *letters)
    longest = max(map(len, text))
    indices = [[letters.index(letter) + 1 for letter in cell] + [-1] * (longest - len(cell)) for cell in text]
    assert one.training.all.target.tolist() == other.training.all.target.tolist() == indices


def test_a_negative_index_is_reported_with_its_place(complaint):
    assert complaint({"w": [1, 2], "y": [[1], [2, -1]]}, loss="CTCLoss") == (
        'row 2, column "y", element 2: -1 is not a class index.'
    )


@pytest.mark.parametrize(
    ("known", "other", "message"),
    [
        (
            ["ab", "ba"],
            [[1, 2]],
            'column "y": The cells have the type list<element: int64>, but CTCLoss needs text.',
        ),
        (
            [[1, 2], [2]],
            ["ab"],
            'row 1, column "y": "ab" is text, but the column has numbers in {known}.',
        ),
    ],
)
def test_sequences_must_have_the_same_format_in_all_files(prepare_parquet, tmp_path, known, other, message):
    parquet.write_table(pyarrow.table({"w": [1.0], "y": other}), tmp_path / "other.parquet")
    with pytest.raises(DataError) as raised:
        prepare_parquet({"w": [1.0, 2.0], "y": known}, loss="CTCLoss", test=str(tmp_path / "other.parquet"))
    expected = message.format(known=tmp_path / "table.parquet")
    assert str(raised.value) == f"{tmp_path / 'other.parquet'}: {expected}"


def test_targets_that_are_lists_cannot_be_stratified(complaint):
    options = {"loss": "CTCLoss", "stratify": True, "test": 0.5}
    assert complaint({"w": [1, 2, 3], "y": [[1], [2, 3], [1]]}, **options) == (
        'Cannot stratify by "y": it has several values per row.'
    )


def test_lists_of_lists_of_one_size_are_steps_regardless_of_their_type(prepare_parquet, tmp_path):
    columns = {"w": [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]], "y": [0, 1]}
    data = prepare_parquet(columns)
    assert data.training.all.input.tolist() == [[[1, 2], [3, 4]], [[5, 6], [0, 0]]]
    assert data.training.all.lengths["input"].tolist() == [2, 1]
    columns["w"][1] = [[5.0, 6.0], [7.0]]
    with pytest.raises(DataError) as raised:
        prepare_parquet(columns)
    assert str(raised.value) == (
        f'{tmp_path / "table.parquet"}: row 2, column "w", element 2: It has 1 numbers, but the first one has 2.'
    )
