import by_hand
import numpy
import pytest
import torch
from torch import nn

import hookline
from hookline.data import TensorBatches
from hookline.errors import DataError, MismatchError, SpecError

CLASSES = numpy.array(["c", "a", "b", "a", "c", "c", "b", "a", "a", "b", "c"])


def numbered(classes):
    """Return a table whose only input is the row number."""
    return "x,y\n" + "".join(f"{row},{name}\n" for row, name in enumerate(classes))


def triplets_of(batches, epoch, start=0):
    """Return the row numbers of the anchors, positives and negatives of each batch."""
    names = ("anchor", "positive", "negative")
    found = list(batches.epoch(epoch, start))
    assert all(tuple(batch.inputs) == names and not batch.targets for batch in found)
    return [[batch.inputs[name].flatten().int().tolist() for name in names] for batch in found]


def drawn_by_hand(classes, random):
    """Return the positive and negative of each row, looked up in the list of its candidates."""
    rows = range(len(classes))
    alike = [[other for other in rows if classes[other] == classes[row] and other != row] for row in rows]
    # The negatives are sorted by class.
    unlike = [
        [other for name in sorted(set(classes) - {classes[row]}) for other in rows if classes[other] == name]
        for row in rows
    ]
    positive = [one[place] for one, place in zip(alike, random.integers([len(one) for one in alike]), strict=True)]
    negative = [one[place] for one, place in zip(unlike, random.integers([len(one) for one in unlike]), strict=True)]
    return numpy.array([rows, positive, negative])


@pytest.mark.parametrize("epoch", [1, 2, 9])
def test_an_epoch_equals_a_handwritten_draw(prepare_drawn, epoch):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", seed=7)
    by_hand = drawn_by_hand(CLASSES, numpy.random.default_rng((7, epoch, 1)))
    order = numpy.random.default_rng((7, epoch)).permutation(len(CLASSES))
    assert triplets_of(data.training, epoch) == [by_hand[:, order].tolist()]


def test_without_shuffling_rows_keep_their_order_but_each_epoch_draws_anew(prepare_drawn):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", seed=7, shuffle=False)
    for epoch in (1, 2):
        by_hand = drawn_by_hand(CLASSES, numpy.random.default_rng((7, epoch, 1)))
        assert triplets_of(data.training, epoch) == [by_hand.tolist()]


def test_every_row_is_the_anchor_once_with_a_valid_positive_and_negative(prepare_drawn):
    classes = numpy.random.default_rng(0).permutation(numpy.repeat(["a", "b", "c"], [2, 30, 68]))
    data = prepare_drawn("Triplets", numbered(classes), loss="TripletMarginLoss")
    for epoch in range(1, 20):
        [[anchor, positive, negative]] = triplets_of(data.training, epoch)
        assert sorted(anchor) == list(range(100))
        assert (numpy.array(anchor) != numpy.array(positive)).all()
        assert (classes[anchor] == classes[positive]).all()
        assert (classes[anchor] != classes[negative]).all()


def test_all_candidates_are_equally_likely(prepare_drawn):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", shuffle=False)
    epochs = [triplets_of(data.training, epoch)[0] for epoch in range(1, 1001)]
    for row, name in enumerate(CLASSES):
        for place, may_be in ((1, name == CLASSES), (2, name != CLASSES)):
            counts = numpy.bincount([epoch[place][row] for epoch in epochs], minlength=len(CLASSES))
            allowed = may_be & (numpy.arange(len(CLASSES)) != row)
            assert (counts > 0).tolist() == allowed.tolist()
            # Five standard deviations.
            share = 1 / allowed.sum()
            assert (abs(counts[allowed] - 1000 * share) < 5 * (1000 * share * (1 - share)) ** 0.5 + 1).all()


def test_the_draw_depends_only_on_seed_and_epoch(prepare_drawn):
    one, again, other = (
        prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", seed=seed, batch_size=4).training
        for seed in (3, 3, 4)
    )
    assert triplets_of(one, 5) == triplets_of(again, 5) != triplets_of(other, 5)
    expected = triplets_of(again, 2)
    first, second = one.epoch(1), one.epoch(2)
    next(first), next(second), next(first)
    assert triplets_of(one, 2) == expected != triplets_of(one, 1)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("start", range(5))
def test_an_epoch_resumes_at_any_batch(prepare_drawn, start, drop_last):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", batch_size=4, drop_last=drop_last)
    assert triplets_of(data.training, 2, start) == triplets_of(data.training, 2)[start:]


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [4, 4, 3]), (True, [4, 4])])
def test_batches_have_the_given_size_and_the_last_may_be_dropped(prepare_drawn, drop_last, sizes):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", batch_size=4, drop_last=drop_last)
    assert [batch.rows for batch in data.training.epoch(1)] == sizes
    assert (data.training.rows, len(data.training)) == (11, len(sizes))


def test_validation_and_test_have_the_same_draw_in_every_epoch_and_for_every_seed(prepare_drawn):
    splits = ["training"] * 4 + ["validation", "test"] * 4
    classes = numpy.array(["a", "b"])[[0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1]]
    lines = [f"{row},{name},{split}" for row, (name, split) in enumerate(zip(classes, splits, strict=True))]
    text = "x,y,s\n" + "\n".join(lines) + "\n"
    for seed in (0, 1):
        data = prepare_drawn(
            "Triplets", text, loss="TripletMarginLoss", seed=seed, batch_size=3, source={"split_column": "s"}
        )
        for split, batches in (("validation", data.validation), ("test", data.test)):
            rows = [row for row in range(12) if splits[row] == split]
            by_hand = drawn_by_hand(classes[rows], numpy.random.default_rng(0))
            expected = numpy.array(rows)[by_hand]
            for epoch in (1, 2):
                assert triplets_of(batches, epoch) == [expected[:, :3].tolist(), expected[:, 3:].tolist()]


def test_batches_are_copies_that_a_layer_may_overwrite(prepare_drawn):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss")
    expected = triplets_of(data.training, 1)
    for batch in data.training.epoch(1):
        for rows in batch.inputs.values():
            rows.fill_(-1)
    assert triplets_of(data.training, 1) == expected


def test_drawing_does_not_advance_the_global_generators(prepare_drawn):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss")
    torch_state, numpy_state = torch.get_rng_state(), numpy.random.get_state()[1].tolist()
    list(data.training.epoch(1))
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert numpy.random.get_state()[1].tolist() == numpy_state


def test_each_group_is_prepared_by_the_source(prepare_drawn):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", source={"standardize": True})
    [batch] = data.training.epoch(1)
    std = numpy.arange(11).std()
    expected = by_hand.standardized(numpy.arange(11), 5, std)
    assert sorted(batch.inputs["anchor"].flatten().tolist()) == expected.tolist()
    described = {"columns": ["x"], "mean": [5.0], "std": [std]}
    assert data.preparation == {"anchor": described, "positive": described, "negative": described}
    assert data.targets == {}


def test_the_example_is_the_first_two_rows_of_the_first_epoch(prepare_drawn):
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss")
    [batch] = data.training.epoch(1)
    assert data.example.rows == 2
    for name, rows in batch.inputs.items():
        assert torch.equal(data.example.inputs[name], rows[:2])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("aabcc", 'In the training split, the class "b" of "y" has one row, so it cannot be paired.'),
        (
            "baac",
            'In the training split, the classes "b" and "c" of "y" have one row each, so they cannot be paired.',
        ),
    ],
)
def test_a_class_with_one_row_is_an_error(prepare_drawn, classes, message):
    with pytest.raises(DataError) as caught:
        prepare_drawn("Triplets", numbered(classes), loss="TripletMarginLoss")
    assert str(caught.value) == f"data.source: {message}"


def test_a_split_with_one_class_is_an_error(prepare_drawn):
    text = "x,y,s\n" + "".join(f"0,{name},training\n" for name in "aabb") + "0,b,validation\n0,b,validation\n"
    with pytest.raises(DataError) as caught:
        prepare_drawn("Triplets", text, loss="TripletMarginLoss", source={"split_column": "s"})
    assert str(caught.value) == (
        'data.source: All rows of the validation split have the same "y": there is no other class.'
    )


def test_numbers_that_are_not_classes_are_an_error(prepare_drawn, tmp_path):
    with pytest.raises(DataError) as caught:
        prepare_drawn("Triplets", "x,y\n1,0.5\n2,1\n", loss="TripletMarginLoss")
    assert str(caught.value) == (
        f'{tmp_path / "table.csv"}: The target column "y" has 0.5, but classes must be text or integers.'
    )


def test_several_target_columns_are_an_error(prepare_drawn, tmp_path):
    with pytest.raises(DataError) as caught:
        prepare_drawn("Triplets", "x,y,z\n1,a,b\n", loss="TripletMarginLoss", source={"targets": ["y", "z"]})
    assert str(caught.value) == (
        f'{tmp_path / "table.csv"}: Triplets needs one target column with classes, but "y" and "z" are given.'
    )


def test_a_source_without_a_target_is_an_error(prepare_drawn):
    path = ("data", "source", "targets")
    with pytest.raises(MismatchError, match=r"Triplets takes one target, but none is given\.") as caught:
        prepare_drawn("Triplets", "x\n1\n2\n", loss="TripletMarginLoss", source={"targets": {}})
    assert caught.value.path == path


def test_a_source_with_several_groups_of_inputs_is_an_error(prepare_drawn):
    source = {"inputs": {"left": "x", "right": "z"}}
    with pytest.raises(MismatchError) as caught:
        prepare_drawn("Triplets", "x,z,y\n1,1,a\n2,2,b\n", loss="TripletMarginLoss", source=source)
    assert str(caught.value) == (
        'data.source: Triplets draws from rows with one group of inputs, but there are "left" and "right".'
    )


def test_a_source_without_rows_in_memory_is_an_error(prepare_drawn, tmp_path):
    (tmp_path / "inner.csv").write_text(numbered(CLASSES))
    rows = {"type": "CSV", "path": str(tmp_path / "inner.csv"), "targets": "y"}
    spec = hookline.load(
        {
            "data": {"type": "Triplets", "source": {"type": "Pairs", "source": rows}},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "TripletMarginLoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    with pytest.raises(MismatchError) as caught:
        spec.data.prepare(
            hookline.Run(spec=spec, stages=None, plugins=(), catalog=None, device=torch.device("cpu")), spec.objective
        )
    assert str(caught.value) == (
        "data.source: Pairs does not hold its rows in memory, but Triplets draws from all of them."
    )


@pytest.mark.parametrize(("option", "value"), [("batch_size", 8), ("shuffle", False), ("drop_last", True)])
def test_batch_options_of_the_source_are_an_error(prepare_drawn, option, value):
    with pytest.raises(SpecError) as caught:
        prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", source={option: value})
    [problem] = caught.value.problems
    assert (
        str(problem) == f"data.source.{option}: Triplets makes the batches: set this option there, not on its source."
    )


def test_a_loss_that_takes_a_target_is_an_error(prepare_drawn):
    with pytest.raises(MismatchError) as caught:
        prepare_drawn("Triplets", numbered(CLASSES), loss="MSELoss")
    assert str(caught.value) == (
        'loss: MSELoss takes one target, but none is given. Triplets gives "anchor", "positive" and "negative".'
    )


def test_drop_last_that_leaves_no_batch_is_an_error(prepare_drawn):
    with pytest.raises(DataError) as caught:
        prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss", batch_size=12, drop_last=True)
    assert str(caught.value) == "data.drop_last: This leaves no batch: there are only 11 rows."


def test_the_source_makes_no_batches(prepare_drawn, monkeypatch):
    monkeypatch.setattr(TensorBatches, "epoch", None)
    data = prepare_drawn("Triplets", numbered(CLASSES), loss="TripletMarginLoss")
    assert len(triplets_of(data.training, 1)) == 1


def test_training_on_triplets_equals_a_handwritten_loop(tmp_path):
    generator = numpy.random.default_rng(2)
    inputs = generator.normal(size=(len(CLASSES), 5)).astype(numpy.float32)
    lines = [",".join([*map(str, row.tolist()), name]) for row, name in zip(inputs, CLASSES, strict=True)]
    (tmp_path / "rows.csv").write_text("a,b,c,d,e,y\n" + "\n".join(lines) + "\n")
    spec = hookline.load(
        {
            "run": {"epochs": 3, "seed": 5},
            "data": {
                "type": "Triplets",
                "source": {"type": "CSV", "path": str(tmp_path / "rows.csv"), "targets": "y"},
                "batch_size": 4,
            },
            "model": {"type": "Linear", "out_features": 2},
            "loss": {"type": "TripletMarginLoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
        }
    )
    trial = hookline.train(spec, out=tmp_path / "run")

    x = torch.from_numpy(inputs)
    torch.manual_seed(5)
    model = nn.Linear(5, 2)
    criterion = nn.TripletMarginLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    for epoch in (1, 2, 3):
        rows = torch.from_numpy(drawn_by_hand(CLASSES, numpy.random.default_rng((5, epoch, 1))))
        order = torch.from_numpy(numpy.random.default_rng((5, epoch)).permutation(len(CLASSES)))
        for batch in order.split(4):
            optimizer.zero_grad()
            criterion(*(model(x[chosen]) for chosen in rows[:, batch])).backward()
            optimizer.step()
    assert torch.equal(trial.model.weight, model.weight)
    assert torch.equal(trial.model.bias, model.bias)
