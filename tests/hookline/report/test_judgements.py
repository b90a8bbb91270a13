import numpy
import pytest
from run_directories import write_run
from scipy.stats import binomtest

from hookline.report.comparison_judgements import comparison_judgements, mcnemar
from hookline.report.evidence import ClassPredictions, Evidence, NumberPredictions
from hookline.report.judgements import checked, judgements
from hookline.report.predicted.prediction_judgements import wilson
from hookline.runs.side_by_side.directions import Directions
from hookline.runs.side_by_side.summary import RunSummary


def evidence(tmp_path, *predictions, **run):
    return Evidence(run=RunSummary(write_run(tmp_path / "run", **run)), label="a", predictions=predictions)


def found(one):
    return {judgement.kind: judgement.text for judgement in judgements(one, Directions())}


def classes(truth, predicted, names=("cat", "dog", "eel")):
    return ClassPredictions(
        split="validation", target="", names=names, truth=numpy.array(truth), predicted=numpy.array(predicted)
    )


def test_overfitting_is_a_rise_of_validation_while_training_falls(tmp_path):
    validation = [1.0, 0.6, 0.4, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    training = [1.0, 0.7, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05]
    assert found(evidence(tmp_path, losses=validation, training=training))["overfitting"] == (
        "validation/loss was best in epoch 4 (0.3) and rose to 0.9, while training/loss fell from 0.4 to 0.05. The saved "
        "weights are those of epoch 10. EarlyStopping keeps those of the best epoch."
    )


def test_saved_weights_that_fit_the_training_rows_much_better_are_overfitted(tmp_path):
    numbers = {"training": {"loss": 0.1, "Accuracy": 1.0}, "validation": {"loss": 0.25, "Accuracy": 0.875}}
    assert found(evidence(tmp_path / "1", losses=[0.5, 0.25], metrics=numbers))["overfitting"] == (
        "The saved weights fit the training rows much better than the validation rows: training/loss 0.1, "
        "validation/loss 0.25; training/Accuracy 1, validation/Accuracy 0.875."
    )
    numbers["training"]["loss"] = 0.2
    assert "overfitting" not in found(evidence(tmp_path / "2", losses=[0.5, 0.25], metrics=numbers))


def test_a_rise_of_both_losses_is_no_overfitting(tmp_path):
    losses = [1.0, 0.6, 0.4, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert found(evidence(tmp_path, losses=losses)) == {
        "better epoch": "validation/loss was 0.3 in epoch 4; with the saved weights it is 0.9."
    }


def test_training_that_still_improves_is_told_apart_from_one_that_has_converged(tmp_path):
    improving = found(evidence(tmp_path / "1", losses=[1 - 0.04 * epoch for epoch in range(20)]))
    assert improving["still improving"] == (
        "Training ended while validation/loss was still improving: from 0.34 to 0.26 in the last 4 epochs (means of 2 "
        "each). Train for more epochs."
    )
    converged = found(evidence(tmp_path / "2", losses=[0.3 + 0.5**epoch for epoch in range(20)]))
    assert list(converged) == ["best value at an edge"]
    short = found(evidence(tmp_path / "3", losses=[1.0, 0.5, 0.25]))
    assert short == {
        "best value at an edge": "validation/loss was best in the last epoch (3): 0.25. More epochs may improve it."
    }


def test_only_what_a_run_has_is_said_to_be_checked(tmp_path):
    always = ["how the run ended", "numbers that are not finite"]
    assert list(checked(evidence(tmp_path / "1", losses=[1.0, 0.5]))) == always
    assert "overfitting" in checked(evidence(tmp_path / "2", losses=[1.0] * 5))
    assert "classes that are never predicted" in checked(evidence(tmp_path / "3", classes([0], [0])))


def test_a_best_first_epoch_is_an_edge(tmp_path):
    text = found(evidence(tmp_path, losses=[0.3, 0.5, 0.6, 0.7, 0.8]))["best value at an edge"]
    assert text == (
        "validation/loss was best after the first epoch (0.3) and 0.8 after the last. The learning rate may be too high."
    )


def test_numbers_that_are_not_finite_and_skipped_batches(tmp_path):
    one = evidence(tmp_path, losses=[0.5, None, None], notes=["NaNGuard skipped 3 steps."], weights={"finite": False})
    texts = [judgement.text for judgement in judgements(one, Directions())]
    assert texts == [
        "The saved weights are infinite or NaN.",
        "training/loss is not a finite number in 2 epochs, first in epoch 2.",
        "validation/loss is not a finite number in 2 epochs, first in epoch 2.",
        "NaNGuard skipped 3 steps.",
    ]


def test_an_accuracy_that_the_majority_class_reaches(tmp_path):
    one = classes([0] * 8 + [1, 2], [0] * 8 + [0, 0])
    kinds = found(evidence(tmp_path, one))
    assert kinds["constant prediction"] == (
        'Of 10 rows of the validation split, 0.800 are predicted correctly; always predicting "cat" would reach 0.800. '
        "The model is no better than that."
    )
    assert kinds["never predicted"] == (
        '2 of 3 classes are never predicted on the validation split: "dog" (1 row), "eel" (1 row).'
    )


def test_a_good_model_of_balanced_classes_is_not_judged(tmp_path):
    truth = numpy.arange(999) % 3
    assert found(evidence(tmp_path, classes(truth, truth), losses=[1.0, 0.3, 0.5])) == {}


def test_numbers_that_the_mean_predicts_as_well(tmp_path):
    truth = numpy.array([[1.0], [2.0], [3.0]])
    for index, (predicted, is_judged) in enumerate([(truth * 0 + 2, True), (truth[::-1], True), (truth + 0.1, False)]):
        numbers = NumberPredictions(split="test", target="", columns=("size",), truth=truth, predicted=predicted)
        assert ("constant prediction" in found(evidence(tmp_path / str(index), numbers))) == is_judged


def test_a_small_split_has_a_wide_interval(tmp_path):
    truth = numpy.arange(30) % 3
    predicted = truth.copy()
    predicted[0] = 1
    assert found(evidence(tmp_path, classes(truth, predicted)))["small split"] == (
        "The validation split has 30 rows, and each changes the accuracy by 0.033: the 95% confidence interval of 0.967 "
        "is 0.833 to 0.994. Smaller differences between runs can be chance."
    )


@pytest.mark.parametrize(("right", "rows"), [(0, 5), (5, 5), (3, 10), (970, 1000)])
def test_the_interval_is_where_the_score_test_rejects(right, rows):
    """Its bounds b solve |p - b| = z sqrt(b (1 - b) / n), here by a polynomial."""
    z, p = 1.959964, right / rows
    roots = sorted(numpy.roots([1 + z * z / rows, -2 * p - z * z / rows, p * p]).real)
    assert wilson(right, rows) == pytest.approx(roots, abs=1e-12)


def test_a_best_value_at_the_edge_of_what_was_tried(tmp_path):
    runs = []
    for index, (lr, loss) in enumerate([(0.1, 0.5), (0.2, 0.4), (0.3, 0.3)]):
        runs.append(
            Evidence(run=RunSummary(write_run(tmp_path / str(index), lr=lr, losses=[loss])), label=f"lr = {lr}")
        )
    texts = [one.text for one in comparison_judgements(runs, {"optimizer.lr": [0.1, 0.2, 0.3]}, Directions())]
    assert texts == [
        "The run with the best validation/loss (0.3) has optimizer.lr = 0.3, the largest of 3 values tried. A larger one "
        "may be better."
    ]


def test_a_difference_between_runs_that_may_be_chance(tmp_path):
    truth = numpy.zeros(30, dtype=int)
    found = []
    for wrong in (3, 20):
        predicted = numpy.arange(30) < wrong
        runs = [
            evidence(tmp_path / f"{wrong}{name}", classes(truth, rows))
            for name, rows in (("a", truth), ("b", predicted * 1))
        ]
        found.append([one.text for one in comparison_judgements(runs, {}, Directions())])
    assert found == [
        [
            "Of 30 rows of the validation split, the best two runs predict 30 (a) and 27 (a) correctly. One is right and the "
            "other wrong in 3 and 0 rows: this may be chance (McNemar's exact test: p = 0.25)."
        ],
        [],
    ]


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (8, 3), (3, 8), (40, 20)])
def test_mcnemars_test_is_a_binomial_test(gained, lost):
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-12)


def test_mcnemars_test_is_approximated_for_many_rows():
    assert mcnemar(1100, 1000) == pytest.approx(binomtest(1100, 2100).pvalue, rel=0.01)


def test_runs_with_different_data_are_not_compared(tmp_path):
    runs = []
    for index in range(3):
        directory = write_run(tmp_path / str(index), lr=index + 1.0, losses=[0.5 - index / 10])
        lock = directory / "run.lock.toml"
        lock.write_text(lock.read_text().replace('data = "0"', f'data = "{index // 2}"'))
        runs.append(Evidence(run=RunSummary(directory), label=str(index)))
    settings = {"optimizer.lr": [1.0, 2.0, 3.0]}
    assert list(comparison_judgements(runs, settings, Directions())) == []
    (runs[2].run.directory / "run.lock.toml").write_text((runs[0].run.directory / "run.lock.toml").read_text())
    again = [Evidence(run=RunSummary(one.run.directory), label=one.label) for one in runs]
    assert [one.kind for one in comparison_judgements(again, settings, Directions())] == ["best value at an edge"]
