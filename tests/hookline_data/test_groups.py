import by_hand
import numpy
import pytest
import torch

from hookline.errors import DataError, MismatchError, SpecError

TRIPLETS = {"anchor": "a_*", "positive": "p_*", "negative": "n_*"}


SPECIES_AND_SIZE = {
    "losses": {"species": {"type": "CrossEntropyLoss"}, "size": {"type": "MSELoss"}},
}


def lines(names, matrix):
    rows = (",".join(repr(float(number)) for number in row) for row in matrix)
    return f"{names}\n" + "\n".join(rows) + "\n"


@pytest.fixture
def matrix():
    generator = numpy.random.default_rng(7)
    return (generator.normal(size=(30, 6)) * [1, 50, 2, 40, 3, 60] + [0, 500, 1, 400, -1, 600]).astype(numpy.float32)


def test_each_group_has_the_columns_of_its_patterns_in_the_order_of_the_file(prepare):
    text = "p_x,a_x,y,a_y,p_y,z\n1,2,3,4,5,6\n7,8,9,10,11,12\n"
    data = prepare(text, inputs={"first": "a_*", "second": ["z", "p_y", "p_x"]})
    [batch] = data.training.epoch(1)
    assert {name: rows.tolist() for name, rows in batch.inputs.items()} == {
        "first": [[2, 4], [8, 10]],
        "second": [[1, 5, 6], [7, 11, 12]],
    }
    assert list(batch.inputs) == ["first", "second"]
    assert data.preparation == {"first": {"columns": ["a_x", "a_y"]}, "second": {"columns": ["p_x", "p_y", "z"]}}


def test_groups_have_the_order_of_the_spec(prepare):
    data = prepare("a,b,y\n1,2,3\n", inputs={"second": "b", "first": "a"})
    assert list(data.example.inputs) == ["second", "first"]


def test_a_column_may_be_in_several_groups(prepare):
    data = prepare("a,b,y\n1,2,3\n4,5,6\n", inputs={"all": "*", "one": "b"}, standardize={"one": True})
    [batch] = data.training.epoch(1)
    assert batch.inputs["all"].tolist() == [[1, 2], [4, 5]]
    assert batch.inputs["one"].tolist() == [[-1], [1]]


def test_no_pattern_of_a_group_selects_a_target_or_the_split_column(prepare):
    text = "a,s,y,z\n1,training,3,4\n5,test,6,7\n"
    data = prepare(text, inputs={"u": "*", "v": "[a-z]"}, targets=["y", "z"], split_column="s")
    assert data.preparation == {"u": {"columns": ["a"]}, "v": {"columns": ["a"]}}


@pytest.mark.parametrize(
    ("header", "inputs", "message"),
    [
        (
            "a,y",
            {"u": "a", "v": "y"},
            'The column "y" cannot be an input, because it is a target, an id, or splits the rows.',
        ),
        ("a,y", {"u": "a", "v": ["a", "aa"]}, 'There is no column "aa". Did you mean "a"?'),
        ("long,y", {"u": "long", "v": "?"}, 'No column is left for the inputs "v".'),
        ("long,y", "?", "No column is left for the inputs."),
    ],
)
def test_a_group_without_its_columns_is_an_error(prepare, tmp_path, header, inputs, message):
    with pytest.raises(DataError) as raised:
        prepare(f"{header}\n1,2\n", inputs=inputs)
    assert str(raised.value) == f"{tmp_path / 'table.csv'}: {message}"


def test_all_groups_and_targets_are_split_and_shuffled_by_the_same_rows(prepare):
    rows = "".join(f"{row},{row + 100},{row + 200},{row + 300}\n" for row in range(40))
    data = prepare(
        f"a,b,y,z\n{rows}",
        inputs={"u": "a", "v": ["b", "a"]},
        targets={"first": "y", "second": "z"},
        loss={"losses": {name: {"type": "MSELoss"} for name in ("first", "second")}},
        validation=0.25,
        test=0.2,
        shuffle=True,
        batch_size=7,
        seed=2,
    )
    order = numpy.random.default_rng(0).permutation(40)
    expected = {"training": sorted(order[18:]), "validation": sorted(order[8:18]), "test": sorted(order[:8])}
    expected["training"] = numpy.array(expected["training"])[numpy.random.default_rng((2, 3)).permutation(22)].tolist()
    for split, batches in data.splits().items():
        seen = []
        for batch in batches.epoch(3):
            numbers = batch.inputs["u"]
            seen += numbers.flatten().int().tolist()
            assert torch.equal(batch.inputs["v"], torch.cat([numbers, numbers + 100], dim=1))
            assert torch.equal(batch.targets["first"], numbers + 200)
            assert torch.equal(batch.targets["second"], numbers + 300)
        assert seen == expected[split]


def _standardized(matrix, training):
    mean, std = by_hand.statistics(numpy.concatenate([part[training] for part in matrix]))
    parts = [torch.from_numpy(by_hand.standardized(part, mean, std)) for part in matrix]
    return parts, {"mean": mean.tolist(), "std": std.tolist()}


def test_groups_that_share_a_model_are_standardized_with_shared_statistics(prepare, matrix):
    data = prepare(
        lines("a_x,a_y,p_x,p_y,n_x,n_y", matrix),
        inputs=TRIPLETS,
        targets=None,
        loss="TripletMarginLoss",
        standardize=True,
        test=0.2,
    )
    order = numpy.random.default_rng(0).permutation(30)
    training, test = sorted(order[6:]), sorted(order[:6])
    parts, statistics = _standardized([matrix[:, :2], matrix[:, 2:4], matrix[:, 4:]], training)
    for name, part in zip(TRIPLETS, parts, strict=True):
        assert torch.equal(data.training.all.inputs[name], part[training])
        assert torch.equal(data.test.all.inputs[name], part[test])
        assert data.preparation[name] == {"columns": [f"{name[0]}_x", f"{name[0]}_y"], **statistics}


def test_equal_rows_of_groups_that_share_a_model_stay_equal(prepare):
    text = "a_x,p_x,n_x\n1,1,9\n2,2,5\n7,7,0\n"
    data = prepare(text, inputs=TRIPLETS, targets=None, loss="TripletMarginLoss", standardize=True)
    assert torch.equal(data.training.all.inputs["anchor"], data.training.all.inputs["positive"])


def test_groups_can_be_standardized_together(prepare, matrix):
    data = prepare(
        lines("u_x,u_y,v_x,v_y,w,y", matrix), inputs={"u": "u_*", "v": "v_*"}, standardize="together", test=0.2
    )
    order = numpy.random.default_rng(0).permutation(30)
    parts, statistics = _standardized([matrix[:, :2], matrix[:, 2:4]], sorted(order[6:]))
    for name, part in zip("uv", parts, strict=True):
        assert torch.equal(data.training.all.inputs[name], part[sorted(order[6:])])
        assert torch.equal(data.test.all.inputs[name], part[sorted(order[:6])])
        assert data.preparation[name] == {"columns": [f"{name}_x", f"{name}_y"], **statistics}


def test_groups_of_different_shapes_cannot_be_standardized_together(prepare, tmp_path):
    with pytest.raises(DataError) as raised:
        prepare("a,b,c,y\n1,2,3,4\n", inputs={"u": ["a", "b"], "v": "c"}, standardize="together")
    assert str(raised.value) == (
        f'{tmp_path / "table.csv"}: "u" and "v" share the same layers, so they must be alike. A row of '
        '"u" is float32 of shape [2], but one of "v" is float32 of shape [1].'
    )


def test_groups_that_a_model_takes_at_once_are_standardized_separately(prepare, matrix):
    data = prepare(
        lines("a_x,a_y,p_x,p_y,n_x,y", matrix), inputs={"anchor": "a_*", "positive": "p_*"}, standardize=True
    )
    every = list(range(30))
    for name, columns in (("anchor", slice(0, 2)), ("positive", slice(2, 4))):
        [part], statistics = _standardized([matrix[:, columns]], every)
        assert torch.equal(data.training.all.inputs[name], part)
        assert data.preparation[name] == {"columns": [f"{name[0]}_x", f"{name[0]}_y"], **statistics}


def test_some_groups_can_be_standardized_and_shaped_and_others_not(prepare, matrix):
    data = prepare(
        lines("a,b,c,d,e,y", matrix),
        inputs={"image": ["a", "b", "c", "d"], "number": "e"},
        standardize={"number": True},
        shape={"image": [1, 2, 2]},
    )
    [number], statistics = _standardized([matrix[:, 4:5]], list(range(30)))
    assert torch.equal(data.training.all.inputs["image"], torch.from_numpy(matrix[:, :4]).reshape(30, 1, 2, 2))
    assert torch.equal(data.training.all.inputs["number"], number)
    assert data.preparation == {
        "image": {"columns": ["a", "b", "c", "d"], "shape": [1, 2, 2]},
        "number": {"columns": ["e"], **statistics},
    }


def test_one_shape_applies_to_all_groups(prepare, matrix):
    data = prepare(lines("a,b,c,d,e,y", matrix), inputs={"u": ["a", "b"], "v": ["c", "d"]}, shape=[2, 1])
    assert torch.equal(data.training.all.inputs["u"], torch.from_numpy(matrix[:, :2]).unsqueeze(2))
    assert torch.equal(data.training.all.inputs["v"], torch.from_numpy(matrix[:, 2:4]).unsqueeze(2))


@pytest.mark.parametrize("standardize", [False, True])
def test_a_shape_that_does_not_match_a_group_is_reported_with_its_name(prepare, tmp_path, standardize):
    with pytest.raises(DataError) as raised:
        prepare("a,b,c,y\n1,2,3,4\n", inputs={"u": ["a", "b"], "v": "c"}, shape=[2, 1], standardize=standardize)
    assert str(raised.value) == (
        f'{tmp_path / "table.csv"}: A row of the `shape` [2, 1] has 2 numbers, but the inputs "v" have 1.'
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"inputs": {**TRIPLETS, "negative": ["n_x", "n_y", "z"]}, "standardize": True},
            'A row of "anchor" is float32 of shape [2], but one of "negative" is float32 of shape [3].',
        ),
        (
            {"shape": {"positive": [2, 1]}},
            'A row of "anchor" is float32 of shape [2], but one of "positive" is float32 of shape [2, 1].',
        ),
        (
            {"dtype": {"positive": "int64"}},
            'A row of "anchor" is float32 of shape [2], but one of "positive" is int64 of shape [2].',
        ),
    ],
)
def test_groups_that_cannot_share_a_model_are_reported(prepare, tmp_path, options, complaint):
    with pytest.raises(DataError) as raised:
        prepare(
            "a_x,a_y,p_x,p_y,n_x,n_y,z\n1,2,3,4,5,6,7\n",
            **{"inputs": TRIPLETS, "targets": None, "loss": "TripletMarginLoss", **options},
        )
    assert str(raised.value) == (
        f'{tmp_path / "table.csv"}: "anchor", "positive" and "negative" share the same layers, so they '
        f"must be alike. {complaint}"
    )


def test_columns_that_share_statistics_must_have_kinds_in_all_groups(prepare):
    text = "a_x,a_y,p_x,p_y,n_x,n_y,z\n1,2,3,4,5,6,7\n"
    options = {"inputs": TRIPLETS, "targets": None, "loss": "TripletMarginLoss", "standardize": True}
    number = {"type": "Number"}
    with pytest.raises(DataError, match='number 2 of a row is of a column with a kind in "positive", but is standard'):
        prepare(text, columns={"p_y": number}, **options)
    data = prepare(text, columns={"?_y": number}, **options)
    assert data.training.all.inputs["negative"].tolist() == [[pytest.approx(1.224745), 6]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": {}}, "data.inputs: There must be at least one group of inputs."),
        ({"inputs": []}, "data.inputs: There must be at least one column."),
        ({"inputs": {"u": "a", "v": []}}, "data.inputs.v: There must be at least one column."),
        ({"targets": []}, "data.targets: There must be at least one column."),
        ({"targets": {"u": []}}, "data.targets.u: There must be at least one column."),
        ({"shape": {"imput": [1]}}, 'data.shape.imput: There is no group of inputs "imput". Did you mean "input"?'),
        (
            {"inputs": {"u": "a", "v": "b"}, "dtype": {"w": "int64"}},
            'data.dtype.w: There is no group of inputs "w". Available: "u" and "v".',
        ),
        (
            {"standardize": {"image": True}},
            'data.standardize.image: There is no group of inputs "image". Available: "input".',
        ),
        (
            {"dtype": "int64", "standardize": True},
            'data.standardize: Integers cannot be standardized, but the inputs "input" have the type "int64".',
        ),
        (
            {"inputs": {"u": "a", "v": "b"}, "dtype": {"v": "int64"}, "standardize": True},
            'data.standardize: Integers cannot be standardized, but the inputs "v" have the type "int64".',
        ),
        (
            {"inputs": {"u": "a", "v": "b"}, "dtype": {"v": "int64"}, "standardize": "together"},
            'data.standardize: Integers cannot be standardized, but the inputs "v" have the type "int64".',
        ),
        (
            {"inputs": {"u": "a", "v": "b"}, "dtype": {"v": "int64"}, "standardize": {"v": True}},
            'data.standardize.v: Integers cannot be standardized, but the inputs "v" have the type "int64".',
        ),
        (
            {"targets": None, "stratify": True, "test": 0.5},
            "data.stratify: Stratifying needs the classes of a target, but there are no `targets`.",
        ),
        (
            {"dtype": "int32"},
            'data.dtype: This must be "float32", "float64" or "int64" or a table of elements, each "float32", "float64" or "int64", '
            'but it is the string "int32".',
        ),
        ({"shape": {"input": [0]}}, "data.shape.input[0]: 0 is out of bounds: it must be at least 1."),
    ],
)
def test_contradictory_options_of_groups_are_an_error(prepare, options, message):
    with pytest.raises(SpecError) as raised:
        prepare("a,b,y\n1,2,3\n", **options)
    [problem] = raised.value.problems
    assert str(problem) == message


def test_some_groups_can_be_standardized_beside_groups_of_integers(prepare):
    data = prepare(
        "a,b,y\n1,2,3\n3,4,5\n",
        inputs={"u": "a", "v": "b"},
        dtype={"v": "int64"},
        standardize={"u": True, "v": False},
    )
    assert data.training.all.inputs["u"].tolist() == [[-1], [1]]
    assert data.training.all.inputs["v"].tolist() == [[2], [4]]
    assert data.training.all.inputs["v"].dtype == torch.int64


def test_several_targets_are_each_encoded_for_the_loss(prepare):
    data = prepare(
        "a,species,length,width\n1,rose,2,3\n4,iris,5,6\n",
        targets={"species": "species", "size": ["length", "width"]},
        loss=SPECIES_AND_SIZE,
    )
    [batch] = data.training.epoch(1)
    assert batch.targets["species"].tolist() == [1, 0]
    assert batch.targets["size"].tolist() == [[2, 3], [5, 6]]
    assert {name: target.columns for name, target in data.targets.items()} == {
        "species": ("species",),
        "size": ("length", "width"),
    }
    assert data.targets["species"].classes == ("iris", "rose")
    assert data.preparation == {"input": {"columns": ["a"]}}


def test_text_in_a_numeric_target_beside_a_target_of_classes_is_reported_with_its_row(prepare):
    with pytest.raises(DataError, match=r'row 2, column "width": "wide" is not a number, but MSELoss needs numbers\.$'):
        prepare(
            "a,species,width\n1,rose,3\n4,iris,wide\n",
            targets={"species": "species", "size": "width"},
            loss=SPECIES_AND_SIZE,
        )


def test_classes_of_the_first_target_are_stratified(prepare):
    rows = "".join(f"{row},{'uv'[row % 2]},{row}\n" for row in range(20))
    data = prepare(
        f"a,species,y\n{rows}",
        targets={"species": "species", "size": "y"},
        loss=SPECIES_AND_SIZE,
        stratify=True,
        test=0.2,
    )
    order = numpy.random.default_rng(0).permutation(20)
    expected = sorted([*order[order % 2 == 0][:2], *order[order % 2 == 1][:2]])
    assert data.test.all.targets["size"].flatten().tolist() == expected


def test_a_loss_without_targets_gets_none(prepare):
    data = prepare("a_x,p_x,n_x\n1,2,3\n4,5,6\n", inputs=TRIPLETS, targets=None, loss="TripletMarginLoss")
    [batch] = data.training.epoch(1)
    assert batch.targets == data.targets == {}
    assert {name: rows.tolist() for name, rows in batch.inputs.items()} == {
        "anchor": [[1], [4]],
        "positive": [[2], [5]],
        "negative": [[3], [6]],
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": None}, "data.targets: MSELoss takes one target, but none is given."),
        ({"targets": {"u": "a", "v": "y"}}, "data.targets: MSELoss takes one target, but 2 are given."),
        (
            {"targets": "y", "loss": "TripletMarginLoss"},
            "data.targets: TripletMarginLoss takes no target, but one is given.",
        ),
    ],
)
def test_targets_that_the_loss_does_not_take_are_reported_before_any_file_is_opened(
    prepare, tmp_path, options, message
):
    with pytest.raises(MismatchError) as raised:
        prepare("", path=str(tmp_path / "missing.csv"), **options)
    assert str(raised.value) == message
