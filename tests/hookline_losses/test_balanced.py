"""Tests of weights that balance classes, against scikit-learn."""

import json

import numpy
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from small_training import SPECS, small

import hookline
from hookline.data import Data, DataDescription, Target, TensorBatches
from hookline.errors import MismatchError

LABELS = numpy.repeat(["a", "b", "c"], [70, 20, 10])


def data_of(target):
    batches = TensorBatches({"input": torch.zeros(2, 3)}, batch_size=2)
    return Data(training=batches, example=batches.all, targets={"target": target})


def loss_of(**options):
    return small(loss=options, metrics=[]).loss


@pytest.mark.parametrize("kind", ["CrossEntropyLoss", "NLLLoss", "MultiMarginLoss", "LinearCrossEntropyLoss"])
def test_balanced_weights_are_those_of_scikit_learn(kind):
    target = Target(columns=("y",), classes=("a", "b", "c"), counts=(70, 20, 10), rows=100)
    more = {"in_features": 3} if kind == "LinearCrossEntropyLoss" else {}
    criterion = loss_of(type=kind, weight="balanced", **more).build(data_of(target))
    expected = compute_class_weight("balanced", classes=numpy.array(["a", "b", "c"]), y=LABELS)
    assert criterion.weight.tolist() == torch.tensor(expected, dtype=torch.float32).tolist()


def test_an_ignored_class_is_not_counted():
    target = Target(columns=("y",), classes=("a", "b", "c"), counts=(70, 20, 10), rows=100)
    loss = loss_of(type="CrossEntropyLoss", weight="balanced", ignore_index=0)
    expected = compute_class_weight("balanced", classes=numpy.array(["b", "c"]), y=LABELS[70:])
    assert loss.build(data_of(target)).weight.tolist()[1:] == torch.tensor(expected, dtype=torch.float32).tolist()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target(columns=("y",), classes=(0, 1), counts=(75, 25), rows=100), [3.0]),
        (Target(columns=("y",), classes=("no", "yes"), counts=(20, 80), rows=100), [0.25]),
        (Target(columns=("u", "v"), counts=(50, 20), rows=100), [1.0, 4.0]),
    ],
)
def test_a_balanced_pos_weight_is_negatives_by_positives(target, expected):
    criterion = loss_of(type="BCEWithLogitsLoss", pos_weight="balanced").build(data_of(target))
    assert criterion.pos_weight.tolist() == expected


def test_a_class_without_training_rows_or_counts_is_an_error():
    loss = loss_of(type="CrossEntropyLoss", weight="balanced")
    with pytest.raises(MismatchError, match='"c" of "y" does not occur in the training split'):
        loss.build(data_of(Target(columns=("y",), classes=("a", "b", "c"), counts=(7, 2, 0), rows=9)))
    with pytest.raises(MismatchError, match="needs one class per row in the training rows"):
        loss.build(data_of(Target(columns=("u", "v"), classes=("u", "v"))))


def test_a_run_is_opened_with_the_weights_of_its_training_rows(tmp_path):
    spec = small(
        epochs=1,
        loss={"type": "CrossEntropyLoss", "weight": "balanced"},
        data={"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "validation": 0.3},
    )
    trial = hookline.train(spec, out=tmp_path / "run")
    expected = trial.data.training.all.target.bincount()
    expected = (105 / (3 * expected.double())).float().tolist()
    assert trial.criterion.weight.tolist() == expected
    known = json.loads((tmp_path / "run" / "data.json").read_text())
    assert sum(known["targets"]["target"]["counts"]) == known["targets"]["target"]["rows"] == 105
    assert DataDescription.of(trial.data).targets == trial.data.targets
    opened = hookline.open_run(tmp_path / "run")
    assert opened.evaluate(split="validation")["loss"] == trial.history[-1]["validation/loss"]
