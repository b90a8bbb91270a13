"""Predictions as typed columns."""

import pyarrow
import pytest
import torch

from hookline.data import Batch, Target
from hookline.spec import LossSpec, Prediction, join_predicted, predicted, prediction_columns, spec
from hookline.spec.objective.named_loss import NamedLoss
from hookline.spec.objective.prediction_columns import MOST_CLASSES, default_parts, refuse_parts
from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.embeddings.triplets import TripletMarginLoss
from hookline_losses.gaussian import GaussianNLLLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.margin import MultiLabelMarginLoss, MultiMarginLoss, SoftMarginLoss
from hookline_losses.regression import MSELoss
from hookline_losses.sequence import CTCLoss

NUMBERS = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


def sample(loss, outputs, known=None, truth=None, **arguments):
    """What the loss predicts from these outputs, without inputs; and without targets unless there is a `truth`."""
    batch = Batch({}, {} if truth is None else {"target": truth})
    return predicted(
        NamedLoss(None, loss),
        Prediction(loss, None, outputs, batch),
        {} if known is None else {"target": known},
        with_truth=truth is not None,
        with_outputs=True,
        **arguments,
    )


def columns(one, *parts, target=""):
    return {column.name: column.values for column in prediction_columns(one, parts, target)}


def plain(found):
    return {name: values.to_pylist() for name, values in found.items()}


FLOWERS = Target(columns=("species",), classes=("rose", "lily", "iris"))


def test_classes_have_their_names_and_a_probability_each():
    found = columns(sample(CrossEntropyLoss(), NUMBERS, FLOWERS))
    probabilities = NUMBERS.softmax(dim=1)
    assert list(found) == ["prediction", "probability[rose]", "probability[lily]", "probability[iris]"]
    assert found["prediction"].to_pylist() == [FLOWERS.classes[index] for index in probabilities.argmax(dim=1)]
    for index, name in enumerate(FLOWERS.classes):
        assert found[f"probability[{name}]"].equals(pyarrow.array(probabilities[:, index].numpy()))


def test_all_parts_in_the_requested_order_with_the_name_of_the_target():
    truth = torch.tensor([0, 1, 2, 0, 1, 2])
    one = sample(CrossEntropyLoss(), NUMBERS, FLOWERS, truth)
    found = columns(one, "truth", "output", "probability", target="flower")
    names = ["truth[flower]", *(f"output[flower.{name}]" for name in FLOWERS.classes), "probability[flower]"]
    assert list(found) == names
    assert found["truth[flower]"].to_pylist() == ["rose", "lily", "iris"] * 2
    assert found["output[flower.lily]"].equals(pyarrow.array(NUMBERS[:, 1].contiguous().numpy()))
    assert found["probability[flower]"].equals(pyarrow.array(NUMBERS.softmax(dim=1).amax(dim=1).numpy()))


def test_classes_that_are_integers_stay_integers():
    found = columns(sample(CrossEntropyLoss(), NUMBERS, Target(columns=("y",), classes=(3, 5, 9))), "prediction")
    assert found["prediction"].type == pyarrow.int64()
    assert found["prediction"].to_pylist() == [(3, 5, 9)[index] for index in NUMBERS.argmax(dim=1)]


@pytest.mark.parametrize(("count", "part"), [(MOST_CLASSES, "probabilities"), (MOST_CLASSES + 1, "probability")])
def test_of_many_classes_only_the_predicted_one_has_a_probability(count, part):
    known = Target(columns=("y",), classes=tuple(range(count)))
    assert default_parts(sample(CrossEntropyLoss(), torch.zeros(2, count), known)) == ("prediction", part)


def test_outputs_without_a_class_in_the_data_have_names_of_their_own():
    known = Target(columns=("y",), classes=(2, 7))
    one = sample(CrossEntropyLoss(), torch.tensor([[0.0, 1.0, 2.0, 3.0]]), known)
    assert one.names == ("2", "7", "#2", "3")
    assert plain(columns(one, "prediction")) == {"prediction": ["3"]}


def test_scores_are_not_called_probabilities():
    found = columns(sample(MultiMarginLoss(), NUMBERS, FLOWERS), "probability", "probabilities")
    assert list(found) == ["score", "score[rose]", "score[lily]", "score[iris]"]
    assert found["score"].equals(pyarrow.array(NUMBERS.amax(dim=1).numpy()))


def test_two_classes_with_one_output_have_two_probabilities():
    known = Target(columns=("diagnosis",), classes=("benign", "malignant"))
    one = sample(BCEWithLogitsLoss(), torch.tensor([[2.0], [-1.0]]), known)
    true = torch.tensor([2.0, -1.0]).sigmoid()
    assert plain(columns(one)) == {
        "prediction": ["malignant", "benign"],
        "probability[benign]": (1 - true).tolist(),
        "probability[malignant]": true.tolist(),
    }
    assert plain(columns(one, "probability")) == {"probability": [float(true[0]), float(1 - true[1])]}


def test_labels_have_the_values_and_the_names_of_their_columns():
    known = Target(columns=("even", "prime"), classes=None)
    found = columns(sample(BCEWithLogitsLoss(), torch.tensor([[2.0, -1.0]]), known))
    assert list(found) == ["prediction[even]", "prediction[prime]", "probability[even]", "probability[prime]"]
    assert (found["prediction[even]"].to_pylist(), found["prediction[prime]"].to_pylist()) == ([1], [0])
    signs = sample(SoftMarginLoss(), torch.tensor([[2.0, -1.0]]), known)
    assert plain(columns(signs, "prediction")) == {"prediction[even]": [1], "prediction[prime]": [-1]}
    classes = Target(columns=("even", "prime"), classes=("even", "prime"))
    true = sample(MultiLabelMarginLoss(), torch.tensor([[2.0, -1.0]]), classes, torch.tensor([[1, -1]]))
    assert plain(columns(true, "truth")) == {"truth[even]": [0], "truth[prime]": [1]}


def test_numbers_have_the_names_of_their_columns_unless_there_is_one():
    one = sample(MSELoss(), NUMBERS[:2, :1], Target(columns=("size",)))
    assert plain(columns(one)) == {"prediction": NUMBERS[:2, 0].tolist()}
    two = sample(MSELoss(), NUMBERS[:2, :2], Target(columns=("size", "weight")), NUMBERS[:2, 1:])
    assert list(columns(two, "prediction", "truth")) == [
        *("prediction[size]", "prediction[weight]"),
        *("truth[size]", "truth[weight]"),
    ]


@pytest.mark.parametrize(
    ("dtype", "written"), [(torch.float64, "double"), (torch.float32, "float"), (torch.bfloat16, "float")]
)
def test_numbers_keep_their_precision(dtype, written):
    numbers = NUMBERS[:, :1].to(dtype)
    [column] = columns(sample(MSELoss(), numbers, Target(columns=("size",)))).values()
    assert str(column.type) == written
    assert torch.tensor(column.to_pylist(), dtype=torch.float64).equal(numbers[:, 0].double())


def test_the_variance_is_an_output_and_not_a_target():
    targets = {"var": Target(columns=("spread",)), "size": Target(columns=("length",))}
    loss, batch = GaussianNLLLoss(), Batch({}, {"var": NUMBERS[:, :1], "size": NUMBERS[:, 1:2]})
    one = predicted(NamedLoss(None, loss), Prediction(loss, None, NUMBERS[:, 2:], batch), targets)
    assert one.known.columns == ("length",)
    assert plain(columns(one, "truth", "prediction")) == {
        "truth": NUMBERS[:, 1].tolist(),
        "prediction": NUMBERS[:, 2].tolist(),
    }
    heads = sample(GaussianNLLLoss(), {"input": NUMBERS[:, :1], "var": NUMBERS[:, 1:2]}, Target(columns=("length",)))
    assert list(columns(heads, "prediction", "output")) == ["prediction", "output[input]", "output[var]"]


def test_sequences_are_texts_without_a_target():
    steps = torch.full((2, 4, 3), -9.0)
    for row, path in enumerate([[1, 1, 0, 2], [0, 0, 0, 0]]):
        for step, letter in enumerate(path):
            steps[row, step, letter] = 0.0
    letters = sample(CTCLoss(), steps, Target(columns=("word",), classes=("", "a", "b")))
    assert plain(columns(letters)) == {"prediction": ["ab", ""]}
    words = sample(CTCLoss(), steps, Target(columns=("word",), classes=("", 10, 11)))
    assert plain(columns(words)) == {"prediction": ["10 11", ""]}
    assert columns(letters, "output")["output"].to_pylist() == steps.tolist()


def test_sequences_of_batches_with_different_lengths_are_joined():
    known, loss = Target(columns=("word",), classes=("", "a", "b")), CTCLoss()
    parts = [sample(loss, torch.eye(3)[path].unsqueeze(0), known) for path in ([1, 2], [2, 0, 1])]
    parts = [one.__class__(loss=loss, kind=one.kind, known=known, predictions=one.predictions) for one in parts]
    assert plain(columns(join_predicted(parts))) == {"prediction": ["ab", "ba"]}


def test_rows_of_several_positions_become_lists():
    pixels = torch.randn(2, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    found = columns(sample(CrossEntropyLoss(), pixels, FLOWERS), "prediction", "probability")
    named = [[[FLOWERS.classes[one] for one in line] for line in row] for row in pixels.argmax(dim=1).tolist()]
    assert found["prediction"].to_pylist() == named
    assert found["probability"].to_pylist() == pixels.softmax(dim=1).amax(dim=1).tolist()


@spec
class Spread(LossSpec):
    """A loss of embeddings."""

    encoding = None


def test_embeddings_are_the_numbers_of_the_outputs():
    found = columns(sample(Spread(), NUMBERS))
    assert list(found) == ["output[0]", "output[1]", "output[2]"]
    assert found["output[1]"].to_pylist() == NUMBERS[:, 1].tolist()


def test_triplets_have_a_probability_and_single_rows_are_embedded():
    loss = TripletMarginLoss()
    groups = {"anchor": NUMBERS, "positive": NUMBERS + 1, "negative": NUMBERS - 1}
    prediction = Prediction(loss, loss.build(None), groups, Batch(groups))
    one = predicted(NamedLoss(None, loss), prediction, {}, with_outputs=True)
    assert list(columns(one)) == ["probability"]
    assert list(columns(one, "output"))[:2] == ["output[anchor.0]", "output[anchor.1]"]
    assert list(columns(sample(loss, NUMBERS, are_single=True))) == ["output[0]", "output[1]", "output[2]"]


def test_a_part_that_no_loss_offers_is_refused():
    several = {"size": sample(MSELoss(), NUMBERS[:, :1], Target(columns=("size",)))}
    refuse_parts(several, ["prediction", "output", "truth"])
    with pytest.raises(ValueError, match='There is no "probability" here: MSELoss predicts numbers'):
        refuse_parts(several, ["probability"])
    refuse_parts(several | {"species": sample(CrossEntropyLoss(), NUMBERS, FLOWERS)}, ["probability"])
