import csv

import numpy
import pytest
import torch
from PIL import Image
from small_training import SPECS, small

import hookline
from hookline.plugins.manager import Plugins
from hookline.training.run_setup import new_run
from hookline_callbacks.plots.image_grid import Caption, image_groups, images


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows, column):
    """Return the numbers of a column in single precision, as before they were written."""
    return torch.from_numpy(numpy.array([row[column] for row in rows], dtype=numpy.float32))


def run(tmp_path, spec, *options, values=()):
    callback = ", ".join(['type = "Predictions"', *options])
    made = hookline.load(SPECS / f"{spec}.toml", ["run.epochs=1", f"callbacks=[{{{callback}}}]", *values])
    return hookline.train(made, out=tmp_path / "run")


def first(trial, rows=16, split="validation"):
    """Return the predictions and true values of the first rows."""
    batch = next(getattr(trial.data, split).epoch(1))
    loss = trial.spec.loss
    with torch.no_grad():
        return loss.predictions(trial.criterion, trial.model(batch.input), batch)[:rows], loss.truth(batch)[:rows]


def test_the_example_spec_writes_predictions_of_digits_during_training_and_test(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "callbacks/Predictions.toml"), out=tmp_path / "run")
    names = [path.name for path in sorted((tmp_path / "run/predictions").iterdir())]
    assert names == ["epoch-0005.csv", "epoch-0005.png", "epoch-0010.csv", "epoch-0010.png"]
    rows = table(tmp_path / "run/test predictions/test.csv")
    predictions, truth = first(trial, 64, "test")
    assert [int(row["row"]) for row in rows] == list(range(1, 65))
    assert [int(row["truth"]) for row in rows] == truth.tolist()
    assert [int(row["prediction"]) for row in rows] == predictions.argmax(dim=1).tolist()
    assert torch.equal(numbers(rows, "probability"), predictions.max(dim=1).values)
    for index in range(10):
        assert torch.equal(numbers(rows, f"probability[{index}]"), predictions[:, index])
    assert trial.metrics["test/Accuracy"] > 0.9


def test_the_rows_are_the_first_of_the_split_for_any_batch_size(tmp_path):
    for size in (7, 64):
        data = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "validation": 0.2}
        made = small({"type": "Predictions", "rows": 20}, epochs=1, data={**data, "batch_size": size})
        trial = hookline.train(made, out=tmp_path / f"{size}")
        rows = table(tmp_path / f"{size}/predictions/epoch-0001.csv")
        held = trial.data.validation.all.target[:20].tolist()
        assert [row["truth"] for row in rows] == [trial.data.target.classes[index] for index in held]


@pytest.mark.parametrize("size", [7, 64])
def test_rows_of_a_class_that_the_loss_ignores_are_skipped(size, tmp_path):
    loss, data = {"type": "CrossEntropyLoss", "ignore_index": 1}, {"type": "CSV", "path": str(SPECS / "data/iris.csv")}
    data |= {"targets": "species", "validation": 0.2, "batch_size": size}
    made = small({"type": "Predictions", "rows": 12}, epochs=1, data=data, loss=loss)
    trial = hookline.train(made, out=tmp_path / "run")
    rows = table(tmp_path / "run/predictions/epoch-0001.csv")
    held = trial.data.validation.all.target
    assert [int(row["row"]) for row in rows] == [index + 1 for index in (held != 1).nonzero()[:12, 0].tolist()]
    classes = trial.data.target.classes
    assert [row["truth"] for row in rows] == [classes[index] for index in held[held != 1][:12].tolist()]
    with torch.no_grad():
        chosen = trial.model(trial.data.validation.all.input).argmax(dim=1)[held != 1][:12]
    assert [row["prediction"] for row in rows] == [classes[index] for index in chosen.tolist()]


def test_a_picture_has_the_images_of_the_rows_that_are_not_skipped(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "hookline_callbacks.plots.predictions.draw_images", lambda path, shown, *others: drawn.append(shown)
    )
    values = ["loss.ignore_index=3", "data.batch_size=10"]
    trial = run(tmp_path, "digits", "rows = 20", values=values)
    split = trial.data.validation
    numbers = [int(row["row"]) for row in table(tmp_path / "run/predictions/epoch-0001.csv")]
    assert numbers == [index + 1 for index in (split.all.target != 3).nonzero()[:20, 0].tolist()] != [*range(1, 21)]
    expected = images(split.epoch(1), numbers[-1], trial.data.preparation)
    [shown] = drawn
    assert all(numpy.array_equal(one, expected[number - 1]) for one, number in zip(shown, numbers, strict=True))


def test_a_split_whose_rows_are_all_ignored_has_an_empty_table(tmp_path):
    (tmp_path / "setosa.csv").write_text("".join((SPECS / "data/iris.csv").read_text().splitlines(keepends=True)[:21]))
    validation = f"data.validation={str(tmp_path / 'setosa.csv')!r}"
    values = [validation, "data.stratify=false", "data.test=0.0", "loss.ignore_index=0", "metrics=[]"]
    run(tmp_path, "iris", values=values)
    assert table(tmp_path / "run/predictions/epoch-0001.csv") == []


def test_a_split_with_fewer_rows_is_written_completely(tmp_path):
    hookline.train(small({"type": "Predictions", "rows": 1000}, epochs=1), out=tmp_path / "run")
    assert len(table(tmp_path / "run/predictions/epoch-0001.csv")) == 30


def test_scores_that_are_not_probabilities_have_the_header_score(tmp_path):
    trial = run(tmp_path, "losses/MultiMarginLoss", "all_classes = true")
    rows = table(tmp_path / "run/predictions/epoch-0001.csv")
    predictions, _ = first(trial)
    assert torch.equal(numbers(rows, "score"), predictions.max(dim=1).values)
    assert torch.equal(numbers(rows, "score[3]"), predictions[:, 3])


def test_two_classes_have_the_probability_of_the_predicted_class(tmp_path):
    trial = run(tmp_path, "losses/BCEWithLogitsLoss", "all_classes = true")
    rows = table(tmp_path / "run/predictions/epoch-0001.csv")
    predictions, truth = (column[:, 0] for column in first(trial))
    names = ("benign", "malignant")
    assert [row["truth"] for row in rows] == [names[int(true)] for true in truth]
    assert [row["prediction"] for row in rows] == [names[probability > 0.5] for probability in predictions.tolist()]
    assert torch.equal(numbers(rows, "probability[malignant]"), predictions)
    assert torch.equal(numbers(rows, "probability"), torch.where(predictions > 0.5, predictions, 1 - predictions))


def test_every_label_has_its_columns(tmp_path):
    trial = run(tmp_path, "losses/MultiLabelMarginLoss")
    rows = table(tmp_path / "run/predictions/epoch-0001.csv")
    predictions, truth = first(trial)
    for index, label in enumerate(("even", "prime", "has_loop", "at_least_5")):
        assert torch.equal(numbers(rows, f"truth[{label}]"), truth[:, index])
        assert torch.equal(numbers(rows, f"prediction[{label}]"), (predictions[:, index] > 0.5).float())
        assert torch.equal(numbers(rows, f"probability[{label}]"), predictions[:, index])


@pytest.mark.parametrize("loss", ["MSELoss", "PoissonNLLLoss", "GaussianNLLLoss"])
def test_numbers_are_written_beside_the_true_numbers(loss, tmp_path):
    trial = run(tmp_path, f"losses/{loss}")
    rows = table(tmp_path / "run/predictions/epoch-0001.csv")
    predictions, truth = first(trial)
    assert list(rows[0]) == ["row", "truth", "prediction"]
    assert torch.equal(numbers(rows, "prediction"), predictions[:, 0])
    assert torch.equal(numbers(rows, "truth"), truth[:, 0])


def test_sequences_are_written_as_their_letters(tmp_path):
    trial = run(tmp_path, "losses/CTCLoss", values=["run.epochs=12"])
    rows = table(tmp_path / "run/predictions/epoch-0012.csv")
    batch = next(trial.data.validation.epoch(1))
    meant = ["".join(str(index) for index in row if index >= 0) for row in batch.target[:16].tolist()]
    assert [row["truth"] for row in rows] == meant
    assert sum(row["truth"] == row["prediction"] for row in rows) > 8


def test_pairs_are_written_as_belonging_together_or_not(tmp_path):
    run(tmp_path, "losses/CosineEmbeddingLoss")
    rows = table(tmp_path / "run/predictions/epoch-0001.csv")
    assert {row["truth"] for row in rows} == {"different", "same"}


def test_several_targets_are_side_by_side_unless_one_is_selected(tmp_path):
    run(tmp_path / "all", "several_losses")
    rows = table(tmp_path / "all/run/predictions/epoch-0001.csv")
    heads = [f"{what}[species]" for what in ("truth", "prediction", "probability")]
    assert list(rows[0]) == ["row", *heads, "truth[width]", "prediction[width]"]
    run(tmp_path / "one", "several_losses", 'target = "width"')
    (one, *_) = table(tmp_path / "one/run/predictions/epoch-0001.csv")
    assert one == {"row": "1", "truth": rows[0]["truth[width]"], "prediction": rows[0]["prediction[width]"]}


def test_images_are_drawn_as_they_were_before_they_were_standardized():
    made = hookline.load(SPECS / "callbacks/Predictions.toml")
    other = hookline.load(SPECS / "callbacks/Predictions.toml", ["data.standardize=false"])
    shown, plain = (images(data.validation.epoch(1), 70, data.preparation) for data in map(prepared, (made, other)))
    assert len(shown) == len(plain) == 70
    assert shown[0].shape == (8, 8, 1)
    assert numpy.allclose(shown, plain, atol=1e-6)
    assert numpy.array_equal(plain[3], (prepared(other).validation.all.input[3] / 16).movedim(0, -1).double().numpy())


def prepared(spec):
    with new_run(spec, Plugins(), device="cpu") as run:
        return run.stages.prepare_data(run=run)


def test_images_are_recognized_by_their_shape():
    def groups(lengths=(), **shapes):
        lengths = {name: torch.ones(2) for name in lengths}
        return image_groups(
            hookline.data.Batch({name: torch.zeros(2, *shape) for name, shape in shapes.items()}, {}, lengths)
        )

    assert groups(a=(1, 8, 9)) == groups(a=(3, 8, 9)) == groups(a=(8, 9)) == ["a"]
    assert groups(a=(4, 8, 9)) == groups(a=(8,)) == groups(a=(8, 9), lengths="a") == []
    assert groups(input1=(1, 8, 8), size=(3,), input2=(1, 8, 8), other=(1, 4, 4)) == ["input1", "input2"]


def test_images_of_two_groups_are_side_by_side():
    pixels = torch.rand(5, 3, 8, 8)
    shown = images([hookline.data.Batch({"input1": pixels, "input2": 1 - pixels})], 3, {})
    assert [image.shape for image in shown] == [(8, 17, 3)] * 3
    assert numpy.array_equal(shown[0][:, 8], numpy.ones((8, 3)))


@pytest.mark.parametrize("pixels", [torch.zeros(2, 4, 4), torch.full((2, 4, 4), torch.nan), torch.ones(2, 4, 4).byte()])
def test_black_images_and_nan_can_be_drawn(pixels):
    assert all(numpy.isfinite(image).all() for image in images([hookline.data.Batch({"input": pixels})], 2, {}))


def test_a_caption_has_the_prediction_and_the_true_value():
    assert Caption(["7"], ["1"], is_right=False).lines(14) == ["7 (1)"]
    assert Caption(["versicolor"], ["virginica"], is_right=False).lines(14) == ["versicolor", "(virginica)"]
    assert Caption(["cat", "0.5"], ["dog", "0.25"], is_right=False).lines(14) == ["cat (dog)", "0.5 (0.25)"]


@pytest.mark.parametrize("rows", [1, 100])
def test_a_picture_has_as_many_images_as_fit(rows, tmp_path):
    run(tmp_path, "digits", f"rows = {rows}")
    assert len(table(tmp_path / "run/predictions/epoch-0001.csv")) == rows
    with Image.open(tmp_path / "run/predictions/epoch-0001.png") as picture:
        picture.load()
        assert max(picture.size) < 2000


def test_there_is_no_picture_if_it_is_disabled(tmp_path):
    run(tmp_path, "digits", "picture = false")
    assert [path.name for path in (tmp_path / "run/predictions").iterdir()] == ["epoch-0001.csv"]


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("iris", "picture = true", r"^callbacks\[0\].picture: There are no images to draw: images have shape"),
        ("losses/NLLLoss", 'split = "test"', r"^callbacks\[0\].split: The data has no test split, whose rows"),
    ],
)
def test_a_missing_split_or_image_is_refused_before_training(spec, options, message, tmp_path):
    with pytest.raises(hookline.errors.MismatchError, match=message):
        run(tmp_path, spec, options)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("spec", "options", "option", "message"),
    [
        (
            "TripletMarginLoss",
            "",
            "type",
            "Predictions compares predictions with targets, but TripletMarginLoss predicts the order of triplets.",
        ),
        (
            "several_losses",
            'target = "specie"',
            "target",
            'There is no loss "specie" in [losses]. Did you mean "species"?',
        ),
        ("NLLLoss", "rows = 0", "rows", None),
        ("NLLLoss", 'directory = "../x"', "directory", '"../x" is not the plain name of a directory, without a dot.'),
    ],
)
def test_invalid_options_are_reported(spec, options, option, message):
    callback = ", ".join(filter(None, ['type = "Predictions"', options]))
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load(
            SPECS / ("" if spec == "several_losses" else "losses") / f"{spec}.toml", [f"callbacks=[{{{callback}}}]"]
        )
    (problem,) = raised.value.problems
    assert problem.path == ("callbacks", 0, option)
    assert message in (None, problem.text)


def test_ids_are_columns_of_the_table(tmp_path):
    lines = "".join(f"{number:03},{number},{number * number % 7}\n" for number in range(20))
    (tmp_path / "rows.csv").write_text(f"row,a,y\n{lines}")
    data = {"type": "CSV", "path": str(tmp_path / "rows.csv"), "targets": "y", "id_columns": "row", "validation": 0.5}
    sections = {"model": {"type": "Linear", "out_features": 1}, "loss": {"type": "MSELoss"}, "metrics": []}
    made = small({"type": "Predictions", "rows": 4}, epochs=1, data=data, **sections)
    trial = hookline.train(made, out=tmp_path / "run")
    rows = table(tmp_path / "run/predictions/epoch-0001.csv")
    assert list(rows[0]) == ["row number", "row", "truth", "prediction"]
    inputs = trial.data.validation.all.input[:4].flatten().tolist()
    assert [row["row"] for row in rows] == [f"{number:03.0f}" for number in inputs]
