import numpy
import pytest
import torch
from torch import nn

import hookline
from hookline.errors import DataError, MismatchError, SpecError

CLASSES = numpy.array(["c", "a", "b", "a", "c", "c", "b", "a", "a", "b", "c"])
NUMBERS = numpy.array([3, -1, 2.5, 3, 7, 2.5, 0, 3, 11])


def numbered(targets):
    """Return a table whose only input is the row number."""
    return "x,y\n" + "".join(f"{row},{target}\n" for row, target in enumerate(targets))


def pairs_of(batches, epoch, start=0):
    """Return the row numbers of both inputs, and the target, of each batch."""
    found = list(batches.epoch(epoch, start))
    assert all((tuple(batch.inputs), tuple(batch.targets)) == (("input1", "input2"), ("target",)) for batch in found)
    return [
        [tensor.flatten().tolist() for tensor in (batch.inputs["input1"], batch.inputs["input2"], batch.target)]
        for batch in found
    ]


def alike(labels, row):
    return [other for other in range(len(labels)) if labels[other] == labels[row] and other != row]


def unlike(labels, row):
    """Return the rows with other labels, in the order of the labels."""
    names = sorted(set(labels) - {labels[row]})
    return [other for name in names for other in range(len(labels)) if labels[other] == name]


def picked(lists, random):
    return [one[place] for one, place in zip(lists, random.integers([len(one) for one in lists]), strict=True)]


def pairs_by_hand(labels, random, same=0.5):
    """Return both rows of each pair, and 1 if they have the same class, otherwise -1."""
    rows = range(len(labels))
    is_same = random.random(len(labels)) < same
    of_same = picked([alike(labels, row) for row in rows], random)
    of_other = picked([unlike(labels, row) for row in rows], random)
    second = [of_same[row] if is_same[row] else of_other[row] for row in rows]
    return numpy.array([rows, second, [1 if one else -1 for one in is_same]])


def ranked_by_hand(numbers, random):
    """Return both rows of each pair, and 1 if the first has the larger number, otherwise -1."""
    rows = range(len(numbers))
    second = picked([unlike(numbers, row) for row in rows], random)
    return numpy.array([rows, second, [1 if numbers[row] > numbers[second[row]] else -1 for row in rows]])


@pytest.mark.parametrize("epoch", [1, 2, 9])
@pytest.mark.parametrize("same", [0.5, 0.1, 0.9])
def test_an_epoch_of_pairs_equals_a_handwritten_draw(prepare_drawn, epoch, same):
    data = prepare_drawn("Pairs", numbered(CLASSES), loss="CosineEmbeddingLoss", seed=7, same=same)
    by_hand = pairs_by_hand(CLASSES, numpy.random.default_rng((7, epoch, 1)), same)
    order = numpy.random.default_rng((7, epoch)).permutation(len(CLASSES))
    assert pairs_of(data.training, epoch) == [by_hand[:, order].tolist()]


@pytest.mark.parametrize("epoch", [1, 2, 9])
def test_an_epoch_of_ranked_pairs_equals_a_handwritten_draw(prepare_drawn, epoch):
    data = prepare_drawn("RankedPairs", numbered(NUMBERS), loss="MarginRankingLoss", seed=7)
    by_hand = ranked_by_hand(NUMBERS, numpy.random.default_rng((7, epoch, 1)))
    order = numpy.random.default_rng((7, epoch)).permutation(len(NUMBERS))
    assert pairs_of(data.training, epoch) == [by_hand[:, order].tolist()]


def test_same_is_the_probability_of_pairs_of_one_class(prepare_drawn):
    data = prepare_drawn("Pairs", numbered(numpy.arange(10_000) % 7), loss="CosineEmbeddingLoss", same=0.25)
    [[_, _, target]] = pairs_of(data.training, 1)
    assert target.count(1) == (numpy.random.default_rng((0, 1, 1)).random(10_000) < 0.25).sum()
    assert target.count(1) + target.count(-1) == 10_000


@pytest.mark.parametrize(("kind", "targets", "loss"), [
    ("Pairs", CLASSES, "CosineEmbeddingLoss"), ("RankedPairs", NUMBERS, "MarginRankingLoss")
])  # fmt: skip
@pytest.mark.parametrize("start", range(4))
def test_an_epoch_resumes_at_any_batch(prepare_drawn, kind, targets, loss, start):
    data = prepare_drawn(kind, numbered(targets), loss=loss, batch_size=4)
    assert pairs_of(data.training, 2, start) == pairs_of(data.training, 2)[start:]


@pytest.mark.parametrize(
    ("loss", "of_same", "of_different"),
    [
        ("CosineEmbeddingLoss", 1.0, -1.0),
        ("HingeEmbeddingLoss", [1.0], [-1.0]),
        ("BCEWithLogitsLoss", [1.0], [0.0]),
        ("CrossEntropyLoss", 1, 0),
    ],
)
def test_the_target_of_pairs_is_encoded_for_the_loss(prepare_drawn, loss, of_same, of_different):
    data = prepare_drawn("Pairs", numbered(CLASSES), loss=loss)
    [batch] = data.training.epoch(1)
    rows = [batch.inputs[name].flatten().int().tolist() for name in ("input1", "input2")]
    is_same = (CLASSES[rows[0]] == CLASSES[rows[1]]).tolist()
    assert True in is_same
    assert False in is_same
    assert batch.target.tolist() == [of_same if same else of_different for same in is_same]
    assert data.target.columns == ("target",)
    assert data.target.classes == ("different", "same")


@pytest.mark.parametrize(
    ("loss", "of_more", "of_less"), [("MarginRankingLoss", [1.0], [-1.0]), ("BCEWithLogitsLoss", [1.0], [0.0])]
)
def test_the_target_of_ranked_pairs_is_encoded_for_the_loss(prepare_drawn, loss, of_more, of_less):
    data = prepare_drawn("RankedPairs", numbered(NUMBERS), loss=loss)
    [batch] = data.training.epoch(1)
    rows = [batch.inputs[name].flatten().int().tolist() for name in ("input1", "input2")]
    is_more = (NUMBERS[rows[0]] > NUMBERS[rows[1]]).tolist()
    assert (NUMBERS[rows[0]] != NUMBERS[rows[1]]).all()
    assert batch.target.tolist() == [of_more if more else of_less for more in is_more]
    assert data.target.classes == ("less", "more")


def test_validation_has_the_same_pairs_in_every_epoch_and_for_every_seed(prepare_drawn):
    splits = numpy.array(["training", "validation"])[numpy.arange(24) % 2]
    numbers = numpy.arange(24) // 4
    lines = [f"{row},{number},{split}" for row, (number, split) in enumerate(zip(numbers, splits, strict=True))]
    text = "x,y,s\n" + "\n".join(lines) + "\n"
    rows = numpy.flatnonzero(splits == "validation")
    for kind, loss, by_hand in (
        ("Pairs", "CosineEmbeddingLoss", pairs_by_hand(numbers[rows], numpy.random.default_rng(0))),
        ("RankedPairs", "MarginRankingLoss", ranked_by_hand(numbers[rows], numpy.random.default_rng(0))),
    ):
        expected = [rows[by_hand[0]].tolist(), rows[by_hand[1]].tolist(), by_hand[2].tolist()]
        for seed in (0, 1):
            data = prepare_drawn(kind, text, loss=loss, seed=seed, source={"split_column": "s"})
            for epoch in (1, 2):
                assert pairs_of(data.validation, epoch) == [expected]


def test_sequences_keep_their_lengths():
    generator = numpy.random.default_rng(1)
    lengths = generator.integers(1, 5, size=12)

    @hookline.spec.spec
    class Steps(hookline.spec.DataSpec):
        """Sequences."""

        batch_size: int = 7  # The source's default does not apply to the pairs.

        def prepare(self, run, loss):
            x = torch.arange(12.0).repeat_interleave(4).reshape(12, 4)
            rows = {"training": {"steps": x}}
            targets = {"training": {"target": {"y": numpy.arange(12) % 3}}}
            known = {"training": {"steps": torch.from_numpy(lengths)}}
            return hookline.data.in_memory(self, run, loss, rows, targets, lengths=known)

    class Plugin:
        @hookline.hookimpl
        def register_specs(self):
            return [Steps]

    spec = hookline.load(
        {
            "data": {"type": "Pairs", "source": {"type": "Steps"}, "batch_size": 5},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "CosineEmbeddingLoss"},
            "optimizer": {"type": "SGD"},
        },
        plugins=[Plugin()],
    )
    data = spec.data.prepare(
        hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu")), spec.objective
    )
    batches = list(data.training.epoch(1))
    assert [batch.rows for batch in batches] == [5, 5, 2]
    for batch in batches:
        assert list(batch.lengths) == ["input1", "input2"]
        for name, rows in batch.inputs.items():
            assert batch.lengths[name].tolist() == lengths[rows[:, 0].int()].tolist()
    assert data.preparation == {}


@pytest.mark.parametrize(
    ("kind", "text", "loss", "message"),
    [
        (
            "Pairs",
            numbered("aabcc"),
            "CosineEmbeddingLoss",
            'data.source: In the training split, the class "b" of "y" has one row, so it cannot be paired.',
        ),
        (
            "Pairs",
            numbered(CLASSES),
            "MSELoss",
            'data: The target column "target" is text ("different"), but MSELoss needs numbers.',
        ),
        (
            "RankedPairs",
            numbered([3, 3, 3]),
            "MarginRankingLoss",
            'data.source: All rows of the training split have the same "y", so there is nothing to rank.',
        ),
    ],
)
def test_pairs_that_cannot_be_drawn_or_encoded_are_an_error(prepare_drawn, kind, text, loss, message):
    with pytest.raises(DataError) as caught:
        prepare_drawn(kind, text, loss=loss)
    assert str(caught.value) == message


def test_ranked_pairs_need_numbers(prepare_drawn, tmp_path):
    with pytest.raises(DataError) as caught:
        prepare_drawn("RankedPairs", numbered("aab"), loss="MarginRankingLoss")
    assert str(caught.value) == (
        f'{tmp_path / "table.csv"}: row 1, column "y": "a" is not a number, but RankedPairs needs numbers.'
    )


def test_ranked_pairs_need_one_number(prepare_drawn):
    with pytest.raises(DataError) as caught:
        prepare_drawn("RankedPairs", "x,y,z\n1,2,3\n", loss="MarginRankingLoss", source={"targets": ["y", "z"]})
    assert str(caught.value) == 'data.source: RankedPairs ranks by one target, but "y" and "z" are given.'


def test_a_loss_without_a_target_is_an_error(prepare_drawn):
    with pytest.raises(MismatchError) as caught:
        prepare_drawn("Pairs", numbered(CLASSES), loss="TripletMarginLoss")
    assert str(caught.value) == (
        'loss: TripletMarginLoss takes no target, but one is given. Pairs gives "input1", "input2" and "target".'
    )


@pytest.mark.parametrize(("same", "wrong"), [(0, "0"), (1.0, "1")])
def test_same_must_be_between_0_and_1(prepare_drawn, same, wrong):
    with pytest.raises(SpecError, match=f"{wrong} is out of bounds: it must be greater than 0 and less than 1"):
        prepare_drawn("Pairs", numbered(CLASSES), loss="CosineEmbeddingLoss", same=same)


@pytest.mark.parametrize(
    ("kind", "loss", "criterion", "targets", "by_hand", "out_features"),
    [
        ("Pairs", "CosineEmbeddingLoss", nn.CosineEmbeddingLoss(), CLASSES, pairs_by_hand, 3),
        ("RankedPairs", "MarginRankingLoss", nn.MarginRankingLoss(), NUMBERS, ranked_by_hand, 1),
    ],
)
def test_training_on_pairs_equals_a_handwritten_loop(tmp_path, kind, loss, criterion, targets, by_hand, out_features):
    inputs = numpy.random.default_rng(2).normal(size=(len(targets), 5)).astype(numpy.float32)
    lines = [",".join([*map(str, row.tolist()), str(target)]) for row, target in zip(inputs, targets, strict=True)]
    (tmp_path / "rows.csv").write_text("a,b,c,d,e,y\n" + "\n".join(lines) + "\n")
    spec = hookline.load(
        {
            "run": {"epochs": 3, "seed": 5},
            "data": {
                "type": kind,
                "source": {"type": "CSV", "path": str(tmp_path / "rows.csv"), "targets": "y"},
                "batch_size": 4,
            },
            "model": {"type": "Linear", "out_features": out_features},
            "loss": {"type": loss},
            "optimizer": {"type": "SGD", "lr": 0.1},
        }
    )
    trial = hookline.train(spec, out=tmp_path / "run")

    x = torch.from_numpy(inputs)
    torch.manual_seed(5)
    model = nn.Linear(5, out_features)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    for epoch in (1, 2, 3):
        first, second, signs = torch.from_numpy(by_hand(targets, numpy.random.default_rng((5, epoch, 1))))
        signs = signs.float().reshape(-1, *([1] if kind == "RankedPairs" else []))
        order = torch.from_numpy(numpy.random.default_rng((5, epoch)).permutation(len(targets)))
        for batch in order.split(4):
            optimizer.zero_grad()
            criterion(model(x[first[batch]]), model(x[second[batch]]), signs[batch]).backward()
            optimizer.step()
    assert torch.equal(trial.model.weight, model.weight)
    assert torch.equal(trial.model.bias, model.bias)
