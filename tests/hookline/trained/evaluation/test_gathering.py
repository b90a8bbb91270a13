from types import SimpleNamespace

import numpy
import pytest
import torch
from torch import nn

from hookline.data import Batch, Target
from hookline.spec import Objective
from hookline.trained.evaluation import gathering as module
from hookline.trained.evaluation.gathering import Gathering
from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.regression import MSELoss

OUTPUTS = torch.tensor([[2.0, 0, 1], [0, 3, 1], [0, 0, 9], [5, 1, 2]])


def metric(**options):
    """A metric with these options."""
    return SimpleNamespace(target=None, **options)


def gathered(loss, outputs, target, known, **options):
    """The details of a target, gathered in two batches."""
    objective = Objective.of(loss)
    gathering = Gathering(objective, {"target": known}, **{"with_scores": False, **options})
    for start, stop in ((0, 3), (3, 4)):
        batch = Batch({"x": outputs[start:stop]}, {"target": target[start:stop]})
        gathering.add(objective.predict(nn.Identity(), outputs[start:stop], batch), batch.rows)
    return gathering.details()["target"]


def test_classes_have_names_probabilities_and_row_numbers():
    known = Target(columns=("kind",), classes=("a", "b", "c"))
    found = gathered(CrossEntropyLoss(), OUTPUTS, torch.tensor([0, 1, 1, 2]), known, with_scores=True)
    assert (found.kind, found.classes, found.title) == ("classes", ("a", "b", "c"), "kind")
    assert found.truth.tolist() == [0, 1, 1, 2]
    assert found.predicted.tolist() == [0, 1, 2, 0]
    assert found.row.tolist() == [1, 2, 3, 4]
    assert found.probability.tolist() == OUTPUTS.softmax(dim=1).amax(dim=1).tolist()
    assert found.confusion().matrix().tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 0]]
    assert found.scores.shape == (4, 3)


def test_rows_of_an_ignored_class_are_left_out():
    known = Target(columns=("kind",), classes=("a", "b", "c"))
    found = gathered(CrossEntropyLoss(ignore_index=1), OUTPUTS, torch.tensor([0, 1, 1, 2]), known)
    assert (found.truth.tolist(), found.row.tolist(), found.scores) == ([0, 2], [1, 4], None)


def test_one_label_has_two_classes_and_several_have_counts():
    truth = torch.tensor([[1.0], [0], [0], [1]])
    one = gathered(BCEWithLogitsLoss(), OUTPUTS[:, :1] - 1, truth, Target(columns=("sick",), classes=("no", "yes")))
    assert one.is_binary
    assert one.confusion().matrix().tolist() == [[2, 0], [0, 2]]
    known = Target(columns=("x", "y", "z"))
    several = gathered(BCEWithLogitsLoss(), OUTPUTS - 1, (OUTPUTS > 2).float(), known)
    assert several.confusion() is None
    assert several.columns == ("x", "y", "z")
    assert several.by_class().rows.tolist() == [1, 1, 1]
    assert several.by_class().predicted.tolist() == [2, 2, 4]  # A probability of one half counts as true.


def test_numbers_have_residuals_of_each_column():
    known = Target(columns=("x", "y", "z"))
    found = gathered(MSELoss(), OUTPUTS, OUTPUTS + 1, known)
    assert {name: one.mean for name, one in found.residuals().items()} == {"x": 1, "y": 1, "z": 1}
    assert found.by_class() is None


def test_scores_are_kept_for_the_first_rows_only(monkeypatch):
    monkeypatch.setattr(module, "MOST_SCORES", 10)
    known = Target(columns=("kind",), classes=("a", "b", "c"))
    found = gathered(CrossEntropyLoss(), OUTPUTS, torch.tensor([0, 1, 1, 2]), known, with_scores=True)
    assert len(found.scores) == 3
    assert len(found.truth) == 4


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_arrays_keep_their_precision(dtype):
    found = gathered(MSELoss(), OUTPUTS.to(dtype), OUTPUTS.to(dtype), Target(columns=("x", "y", "z")))
    assert found.predicted.dtype == (numpy.float64 if dtype == torch.float64 else numpy.float32)


def test_labels_are_predicted_from_the_threshold_of_the_metrics():
    truth, known = torch.tensor([[1.0], [0], [0], [1]]), Target(columns=("sick",), classes=("no", "yes"))
    outputs = torch.tensor([[0.1], [0.9], [2.0], [3.0]])  # Probabilities of 0.52, 0.71, 0.88 and 0.95.
    found = gathered(BCEWithLogitsLoss(), outputs, truth, known, metrics=[metric(threshold=0.8), metric(threshold=0.8)])
    assert (found.threshold, found.predicted[:, 0].tolist()) == (0.8, [False, False, True, True])
    other = gathered(BCEWithLogitsLoss(), outputs, truth, known, metrics=[metric(threshold=0.8), metric(threshold=0.5)])
    assert (other.threshold, other.predicted.all()) == (0.5, True)
