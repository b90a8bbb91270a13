import csv

import numpy
import pytest
import torch
import torchmetrics
from attrs import evolve
from PIL import Image
from small_training import SPECS, small

import hookline
from hookline.spec import Predicted
from hookline_callbacks.plots.confusion_counts import counts_of, normalized
from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.margin import SoftMarginLoss


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def counts(path):
    return [[int(cell) for cell in row[1:]] for row in table(path)[1:]]


def predicted(trial, split):
    """Yield the predictions and true values of a split, batch by batch."""
    loss = trial.spec.loss
    with torch.no_grad():
        for batch in getattr(trial.data, split).epoch(1):
            yield loss.predictions(trial.criterion, trial.model(batch.input), batch), loss.truth(batch)


def test_the_example_spec_counts_like_torchmetrics_and_a_manual_count(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "callbacks/ConfusionMatrix.toml"), out=tmp_path / "run")
    directory = tmp_path / "run/confusion_matrix"
    names = ("epoch-0010", "epoch-0020", "test")
    assert sorted(path.name for path in directory.iterdir()) == [
        f"{name}.{end}" for name in names for end in ("csv", "png")
    ]
    for split, name in (("validation", "epoch-0020"), ("test", "test")):
        metric = torchmetrics.ConfusionMatrix(task="multiclass", num_classes=10)
        by_hand = [[0] * 10 for _ in range(10)]
        for predictions, truth in predicted(trial, split):
            metric.update(predictions, truth)
            for scores, true in zip(predictions.tolist(), truth.tolist(), strict=True):
                by_hand[true][scores.index(max(scores))] += 1
        written = counts(directory / f"{name}.csv")
        assert written == by_hand == metric.compute().tolist()
        right = sum(written[index][index] for index in range(10))
        assert right / sum(map(sum, written)) == pytest.approx(trial.metrics[f"{split}/Accuracy"])
    assert trial.metrics["test/Accuracy"] > 0.9


def test_rows_are_true_classes_and_columns_predicted_classes(tmp_path):
    trial = hookline.train(small({"type": "ConfusionMatrix", "picture": False}), out=tmp_path / "run")
    head, *rows = table(tmp_path / "run/confusion_matrix/epoch-0003.csv")
    assert head == ["truth", "setosa", "versicolor", "virginica"]
    assert [row[0] for row in rows] == ["setosa", "versicolor", "virginica"]
    truth = torch.cat([truth for _, truth in predicted(trial, "validation")])
    assert [sum(map(int, row[1:])) for row in rows] == truth.bincount().tolist()
    assert list((tmp_path / "run/confusion_matrix").glob("*.p*")) == []


def random(kind, rows=200):
    generator = torch.Generator().manual_seed(0)
    if kind == "multiclass":
        predictions = torch.randn(rows, 5, generator=generator).softmax(dim=1)
        truth, loss = torch.randint(0, 4, (rows,), generator=generator), CrossEntropyLoss
    else:
        columns = 1 if kind == "binary" else 3
        predictions = torch.rand(rows, columns, generator=generator)
        truth, loss = (torch.rand(rows, columns, generator=generator) > 0.7).float(), BCEWithLogitsLoss
    predictions[0] = 0.5  # Neither more nor less.
    known = hookline.data.Target(columns=("a", "b", "c"))
    made = loss()
    return Predicted(loss=made, kind=made.offers, known=known, predictions=predictions, true_values=truth)


@pytest.mark.filterwarnings("ignore:.*NaN values found in confusion matrix")
@pytest.mark.parametrize("kind", ["multiclass", "binary", "multilabel"])
@pytest.mark.parametrize("ignore_index", [None, 0, 1])
@pytest.mark.parametrize("threshold", [0.5, 0.8])
@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_the_options_are_those_of_torchmetrics(kind, ignore_index, threshold, normalize):
    heard = random(kind)
    options = {"num_classes": 5} if kind == "multiclass" else {"num_labels": 3}
    # A probability equal to the threshold counts as 1; in torchmetrics it must be larger.
    above = float(numpy.nextafter(numpy.float32(threshold), numpy.float32(0)))
    metric = torchmetrics.ConfusionMatrix(
        task=kind, threshold=above, normalize=normalize, ignore_index=ignore_index, **options
    )
    shape = () if kind != "binary" else (-1,)
    predictions, truth = heard.predictions, heard.truth.long()
    expected = metric(*(rows.reshape(shape) if shape else rows for rows in (predictions, truth)))
    counted = counts_of(heard, threshold, ignore_index)
    found = counted if normalize is None else normalized(counted, normalize)
    assert torch.equal(found if kind == "multilabel" else found[0], expected)


def test_a_nan_probability_counts_as_false_and_changes_no_other_row():
    heard = random("binary")
    heard.predictions[0] = torch.nan
    heard.truth[0] = 1
    assert counts_of(heard).sum() == 200
    assert counts_of(heard)[0, 0].sum() == (heard.truth == 0).sum()


def run(tmp_path, spec, callback, *values):
    made = hookline.load(SPECS / spec, ["run.epochs=1", f"callbacks=[{callback}]", *values])
    return hookline.train(made, out=tmp_path / "run")


def test_the_second_of_two_classes_counts_as_true(tmp_path):
    trial = run(tmp_path, "losses/BCEWithLogitsLoss.toml", '{type = "ConfusionMatrix", threshold = 0.3}')
    by_hand = [[0, 0], [0, 0]]
    for predictions, truth in predicted(trial, "validation"):
        for probability, true in zip(predictions[:, 0].tolist(), truth[:, 0].tolist(), strict=True):
            by_hand[int(true)][int(probability >= 0.3)] += 1
    assert table(tmp_path / "run/confusion_matrix/epoch-0001.csv")[0] == ["truth", "benign", "malignant"]
    assert counts(tmp_path / "run/confusion_matrix/epoch-0001.csv") == by_hand


def test_each_of_several_labels_has_its_own_matrix(tmp_path):
    trial = run(tmp_path, "losses/MultiLabelMarginLoss.toml", '{type = "ConfusionMatrix"}')
    metric = torchmetrics.ConfusionMatrix(task="multilabel", num_labels=4)
    for predictions, truth in predicted(trial, "validation"):
        metric.update(predictions, truth.int())
    head, *rows = table(tmp_path / "run/confusion_matrix/epoch-0001.csv")
    assert head == ["label", "truth", "0", "1"]
    labels = ("even", "prime", "has_loop", "at_least_5")
    assert [row[:2] for row in rows] == [[label, holds] for label in labels for holds in "01"]
    assert [[int(cell) for cell in row[2:]] for row in rows] == metric.compute().reshape(-1, 2).tolist()


def test_the_option_target_selects_one_of_several_targets(tmp_path):
    trial = run(tmp_path, "several_losses.toml", '{type = "ConfusionMatrix", target = "species"}')
    metric = torchmetrics.ConfusionMatrix(task="multiclass", num_classes=3)
    with torch.no_grad():
        for batch in trial.data.validation.epoch(1):
            metric.update(trial.model(batch.input)["species"], batch.targets["species"])
    assert counts(tmp_path / "run/confusion_matrix/epoch-0001.csv") == metric.compute().tolist()


@pytest.mark.parametrize("order", [0, 1])
def test_the_counts_are_of_the_predictions_of_the_metrics_also_with_averaged_weights(order, tmp_path):
    callbacks = [{"type": "ConfusionMatrix"}, {"type": "ExponentialMovingAverage", "decay": 0.9}]
    trial = hookline.train(small(*callbacks[:: 1 - 2 * order], epochs=6), out=tmp_path / "run")
    for record in trial.history:
        written = counts(tmp_path / f"run/confusion_matrix/epoch-{record['epoch']:04}.csv")
        right = sum(row[index] for index, row in enumerate(written))
        assert right / 30 == pytest.approx(record["validation/Accuracy"])


@pytest.mark.parametrize("given", ["", ", ignore_index=1"])
def test_rows_of_an_ignored_class_are_not_counted(given, tmp_path):
    callback = f"{{type='ConfusionMatrix', picture=false{given}}}"
    ignored = [] if given else ["loss.ignore_index=1"]
    made = hookline.load(SPECS / "iris.toml", ["run.epochs=1", f"callbacks=[{callback}]", *ignored])
    trial = hookline.train(made, out=tmp_path / "run")
    by_hand = [[0] * 3 for _ in range(3)]
    for predictions, truth in predicted(trial, "validation"):
        for scores, true in zip(predictions.tolist(), truth.tolist(), strict=True):
            by_hand[true][scores.index(max(scores))] += true != 1
    assert counts(tmp_path / "run/confusion_matrix/epoch-0001.csv") == by_hand
    assert by_hand[1] == [0, 0, 0]
    assert sum(map(sum, by_hand)) > 0


def test_ignore_index_is_a_class_index_for_signs():
    heard = random("binary")
    signs = evolve(heard, loss=SoftMarginLoss(), true_values=heard.truth * 2 - 1)
    for index in (None, 0, 1):
        assert torch.equal(counts_of(signs, ignore_index=index), counts_of(heard, ignore_index=index))


def test_an_unknown_class_cannot_be_ignored(tmp_path):
    with pytest.raises(
        hookline.errors.MismatchError, match="There are 3 classes, counted from 0 in sorted order"
    ) as raised:
        hookline.train(small({"type": "ConfusionMatrix", "ignore_index": 3}), out=tmp_path / "run")
    assert raised.value.path == ("callbacks", 0, "ignore_index")
    assert not (tmp_path / "run").exists()


class Counting:
    """Counts the calls of the model."""

    def __init__(self):
        self.calls = 0

    @hookline.hookimpl(wrapper=True)
    def forward(self):
        self.calls += 1
        return (yield)


@pytest.mark.parametrize(
    "callback",
    [
        '{type = "ConfusionMatrix", normalize = "pred"}',
        '{type = "Predictions", rows = 20, all_classes = true}',
        '{type = "Predictions", split = "test", every = 5}',
        '{type = "LossPlot", numbers = ["*"]}',
    ],
)
def test_training_has_the_same_bits_and_nothing_is_computed_twice(callback, tmp_path):
    values = ["run.epochs=2", 'model.layers.2={type = "Dropout", p = 0.3}', "data.batch_size=128"]
    trials, calls = [], []
    for name, callbacks in (("with", f"callbacks=[{callback}]"), ("without", "callbacks=[]")):
        counting = Counting()
        spec = hookline.load(SPECS / "digits.toml", [*values, callbacks])
        trials.append(hookline.train(spec, plugins=[counting], out=tmp_path / name))
        calls.append(counting.calls)
    with_it, without = trials
    assert (with_it.history, with_it.metrics, calls[0]) == (without.history, without.metrics, calls[1])
    assert with_it.model.state_dict().keys() == without.model.state_dict().keys()
    assert all(map(torch.equal, with_it.model.state_dict().values(), without.model.state_dict().values()))


def test_the_final_test_is_always_counted(tmp_path):
    run(tmp_path, "iris.toml", '{type = "ConfusionMatrix", every = 4}')
    assert sorted(path.name for path in (tmp_path / "run/confusion_matrix").iterdir()) == ["test.csv", "test.png"]


def test_weights_other_than_those_of_the_last_epoch_are_counted_at_the_end(tmp_path):
    both = '{type="EarlyStopping", patience=1, min_delta=0.5}, {type="ConfusionMatrix", first=2, picture=false}'
    trial = run(tmp_path, "iris.toml", both, "run.epochs=9")
    assert trial.epochs == 2
    found = {path.name: path.read_text() for path in (tmp_path / "run/confusion_matrix").iterdir()}
    assert sorted(found) == ["epoch-0002.csv", "test.csv", "validation.csv"]
    assert found["epoch-0002.csv"] != found["validation.csv"]
    rows = [list(map(int, row.split(",")[1:])) for row in found["validation.csv"].splitlines()[1:]]
    right = sum(row[index] for index, row in enumerate(rows))
    assert right / sum(map(sum, rows)) == pytest.approx(trial.history[0]["validation/Accuracy"], 1e-6)


@pytest.mark.parametrize("normalize", ["true", "pred", "all"])
def test_a_picture_is_drawn_for_each_normalization(normalize, tmp_path):
    hookline.train(small({"type": "ConfusionMatrix", "normalize": normalize}, epochs=1), out=tmp_path / "run")
    with Image.open(tmp_path / "run/confusion_matrix/epoch-0001.png") as picture:
        picture.load()


@pytest.mark.parametrize(
    ("spec", "options", "option", "message"),
    [
        ("MSELoss", "", "type", "ConfusionMatrix counts classes, but MSELoss predicts numbers."),
        ("CTCLoss", "", "type", "ConfusionMatrix counts classes, but CTCLoss predicts sequences."),
        (
            "TripletMarginLoss",
            "",
            "type",
            "ConfusionMatrix counts classes, but TripletMarginLoss predicts the order of triplets.",
        ),
        ("several_losses", "", "target", 'There are several losses: set `target` to "species" or "width".'),
        (
            "several_losses",
            'target = "specie"',
            "target",
            'There is no loss "specie" in [losses]. Did you mean "species"?',
        ),
        ("several_losses", 'target = "width"', "type", "ConfusionMatrix counts classes, but MSELoss predicts numbers."),
        ("NLLLoss", 'target = "species"', "target", "NLLLoss has one target: remove `target`."),
        ("NLLLoss", 'directory = "a/b"', "directory", '"a/b" is not the plain name of a directory, without a dot.'),
        (
            "NLLLoss",
            "threshold = 0.3",
            "threshold",
            "NLLLoss has one output per class, and the largest decides: remove `threshold`.",
        ),
        ("NLLLoss", "ignore_index = -100", "ignore_index", "-100 is out of bounds: it must be at least 0."),
        (
            "SoftMarginLoss",
            "ignore_index = 2",
            "ignore_index",
            "SoftMarginLoss has the classes 0 and 1, but `ignore_index` is 2.",
        ),
        (
            "NLLLoss",
            'directory = "plugins"',
            "directory",
            '"plugins" is reserved for Hookline: choose another name.',
        ),
    ],
)
def test_options_that_do_not_fit_the_loss_are_reported(spec, options, option, message):
    callback = ", ".join(filter(None, ['type = "ConfusionMatrix"', options]))
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load(
            SPECS / ("" if spec == "several_losses" else "losses") / f"{spec}.toml", [f"callbacks=[{{{callback}}}]"]
        )
    assert [(problem.path, problem.text) for problem in raised.value.problems] == [(("callbacks", 0, option), message)]


def test_two_callbacks_with_the_same_directory_are_reported():
    with pytest.raises(
        hookline.errors.SpecError, match=r'callbacks\[1\].directory: ConfusionMatrix also writes to "x"'
    ):
        small({"type": "ConfusionMatrix", "directory": "x"}, {"type": "Predictions", "directory": "x"})


def test_data_without_a_split_to_evaluate_is_refused_before_training(tmp_path):
    data = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species"}
    with pytest.raises(
        hookline.errors.MismatchError, match=r"^callbacks\[0\]: ConfusionMatrix needs a validation or test split, but"
    ):
        hookline.train(small({"type": "ConfusionMatrix"}, data=data, metrics=[]), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("callback", ["ConfusionMatrix", "Predictions"])
def test_an_evaluation_without_predictions_is_an_error(callback, tmp_path):
    class Judging:
        @hookline.hookimpl
        def evaluate(self):
            return {"loss": 1.0}

    with pytest.raises(
        hookline.errors.MismatchError, match=rf"^callbacks\[0\]: {callback} received no predictions: the answer"
    ):
        hookline.train(small({"type": callback}), plugins=[Judging()], out=tmp_path / "run")


def test_with_very_many_classes_pairs_are_written_and_no_matrix_is_created(tmp_path, monkeypatch):
    monkeypatch.setattr("hookline_callbacks.plots.confusion_counts.MOST_CLASSES", 2)
    monkeypatch.setattr("hookline_callbacks.plots.confusion_counts.MOST_GATHERED", 10)
    trial = hookline.train(small({"type": "ConfusionMatrix"}), out=tmp_path / "run")
    names = trial.data.target.classes
    pairs = {}
    for predictions, truth in predicted(trial, "validation"):
        for said, meant in zip(predictions.argmax(dim=1).tolist(), truth.tolist(), strict=True):
            pairs[names[meant], names[said]] = pairs.get((names[meant], names[said]), 0) + 1
    head, *rows = table(tmp_path / "run/confusion_matrix/epoch-0003.csv")
    assert head == ["truth", "predicted", "rows"]
    assert {(true, said): int(count) for true, said, count in rows} == pairs
    order = sorted(pairs, key=lambda pair: (pair[0] == pair[1], -pairs[pair], *map(names.index, pair)))
    assert [(true, said) for true, said, _ in rows] == order
    with Image.open(tmp_path / "run/confusion_matrix/epoch-0003.png") as picture:
        picture.load()


def test_class_names_are_never_formulas_in_a_spreadsheet(tmp_path):
    rows = "".join(f"{row},{'=1+1' if row % 2 else '-2'}\n" for row in range(20))
    (tmp_path / "table.csv").write_text(f"x,y\n{rows}")
    data = {"type": "CSV", "path": str(tmp_path / "table.csv"), "targets": "y", "validation": 0.5, "stratify": True}
    callbacks = [{"type": "ConfusionMatrix", "picture": False}, {"type": "Predictions"}]
    model = {"type": "Linear", "out_features": 2}
    hookline.train(small(*callbacks, epochs=1, data=data, model=model), out=tmp_path / "run")
    (head, *matrix) = table(tmp_path / "run/confusion_matrix/epoch-0001.csv")
    assert head == ["truth", "-2", "'=1+1"]
    assert [row[0] for row in matrix] == ["-2", "'=1+1"]
    written = {cell for row in table(tmp_path / "run/predictions/epoch-0001.csv") for cell in row}
    assert "'=1+1" in written
    assert "=1+1" not in written
