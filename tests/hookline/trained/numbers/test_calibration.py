import numpy
import pytest
import torch
from sklearn.calibration import calibration_curve
from torchmetrics.functional.classification import binary_calibration_error

from hookline.trained.numbers.calibration import calibration

RNG = numpy.random.default_rng(7)
PROBABILITIES = RNG.random(600)
TRUTH = RNG.random(600) < PROBABILITIES**2


def test_bins_are_those_of_scikit_learn():
    found = calibration(TRUTH, PROBABILITIES)
    frequency, probability = calibration_curve(TRUTH, PROBABILITIES, n_bins=10)
    assert found.frequency.tolist() == frequency.tolist()
    assert found.probability.tolist() == probability.tolist()
    assert found.rows.sum() == 600


def test_the_error_is_that_of_torchmetrics():
    correct = binary_calibration_error(torch.tensor(PROBABILITIES), torch.tensor(TRUTH).long(), n_bins=10)
    assert calibration(TRUTH, PROBABILITIES).error == pytest.approx(float(correct), rel=1e-12)


def test_probabilities_of_0_and_1_are_in_the_outer_bins_and_other_bins_are_empty():
    found = calibration(numpy.array([False, True, True]), numpy.array([0.0, 1.0, 1.0]), bins=3)
    assert found.rows.tolist() == [1, 0, 2]
    assert numpy.isnan(found.frequency[1])
    assert found.error == 0
    assert numpy.isnan(calibration(numpy.zeros(0, dtype=bool), numpy.zeros(0)).error)
