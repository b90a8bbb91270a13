"""TabM in a training: the loss is the mean of the losses of its members, the prediction the mean of theirs."""

import pytest
import torch
from small_training import SPECS, small
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

import hookline

MODEL = {"type": "TabM", "k": 4, "d_block": 16, "n_blocks": 2, "dropout": 0.0}
ADAMW = {"type": "AdamW", "lr": 0.01}
IRIS = SPECS / "data/iris.csv"


class Keeping:
    """Keeps what the stages are given, and answers `fit` without training."""

    @hookline.hookimpl
    def fit(self, run, data, model, criterion, optimizer):
        self.run, self.data, self.model, self.criterion = run, data, model.train(), criterion
        return model


def kept_before_training(tmp_path, **sections):
    keeping = Keeping()
    hookline.train(small(**{"model": MODEL, **sections}), plugins=[keeping], out=tmp_path / "kept")
    return keeping


def test_a_training_equals_a_loop_that_averages_the_losses_of_the_members(tmp_path):
    kept = kept_before_training(tmp_path)
    model = kept.model
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    for epoch in (1, 2, 3):
        for batch in kept.data.training.epoch(epoch):
            outputs = model(batch.input)
            assert outputs.shape == (batch.rows, 4, 3)
            # As in the example of the package. It is the mean of the losses of the members, with fewer calls.
            loss = cross_entropy(outputs.flatten(0, 1), batch.target.repeat_interleave(4))
            of_members = [cross_entropy(one, batch.target) for one in outputs.unbind(dim=1)]
            torch.testing.assert_close(loss, torch.stack(of_members).mean())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    trained = hookline.train(small(model=MODEL, optimizer=ADAMW), out=tmp_path / "run")
    expected = model.state_dict()
    for name, tensor in trained.model.state_dict().items():
        assert torch.equal(tensor, expected[name]), name


@pytest.mark.parametrize(
    ("data", "loss", "compute"),
    [
        (
            {"targets": "species"},
            {"type": "CrossEntropyLoss", "weight": [0.2, 1.0, 3.0], "label_smoothing": 0.1},
            lambda one, true: cross_entropy(one, true, weight=torch.tensor([0.2, 1.0, 3.0]), label_smoothing=0.1),
        ),
        (
            {"targets": ["petal_width", "petal_length"], "inputs": ["sepal_*"]},
            {"type": "MSELoss"},
            mse_loss,
        ),
    ],
)
def test_every_loss_is_the_mean_over_the_members(tmp_path, data, loss, compute):
    source = {"type": "CSV", "path": str(IRIS), "standardize": True, "validation": 0.2, "batch_size": 64}
    kept = kept_before_training(tmp_path, data=source | data, loss=loss, metrics=[])
    batch = next(kept.data.training.epoch(1))
    outputs = kept.model(batch.input)
    value = kept.run.stages.loss(run=kept.run, criterion=kept.criterion, outputs=outputs, batch=batch)
    of_members = [compute(one, batch.target) for one in outputs.unbind(dim=1)]
    torch.testing.assert_close(value, torch.stack(of_members).mean())


def test_losses_of_several_targets_are_averaged_over_the_members(tmp_path):
    targets = {"width": "petal_width", "length": "petal_length"}
    sections = {
        "run": {"name": "small", "epochs": 1},
        "data": {"type": "CSV", "path": str(IRIS), "inputs": ["sepal_*"], "targets": targets},
        "model": MODEL,
        "losses": {"width": {"type": "MSELoss"}, "length": {"type": "L1Loss", "factor": 0.5}},
        "optimizer": ADAMW,
    }
    kept = Keeping()
    hookline.train(hookline.load(sections), plugins=[kept], out=tmp_path / "kept")
    batch = next(kept.data.training.epoch(1))
    outputs = kept.model(batch.input)
    value = kept.run.stages.loss(run=kept.run, criterion=kept.criterion, outputs=outputs, batch=batch)
    width, length = batch.targets["width"], batch.targets["length"]
    of_members = [mse_loss(one, width) + 0.5 * (one - length).abs().mean() for one in outputs.unbind(dim=1)]
    torch.testing.assert_close(value, torch.stack(of_members).mean())


def test_predictions_are_the_mean_probabilities_of_the_members(tmp_path):
    trained = hookline.train(small(model=MODEL, deploy=[{"type": "Safetensors"}]), out=tmp_path / "run")
    run = hookline.open_run(tmp_path / "run")
    predicted = run.predict(IRIS)
    with run.opened() as opened:
        [block] = run.spec.data.open_rows(IRIS, run.data, opened.objective)
    with torch.no_grad():
        probabilities = run.model(block.batch.input).softmax(dim=2).mean(dim=1)
    names = ["setosa", "versicolor", "virginica"]
    for index, name in enumerate(names):
        assert predicted[f"probability[{name}]"].to_pylist() == probabilities[:, index].tolist()
    assert predicted["prediction"].to_pylist() == [names[index] for index in probabilities.argmax(dim=1).tolist()]
    assert run.evaluate("validation", batch_size=64)["Accuracy"] == trained.history[-1]["validation/Accuracy"]


def test_predicted_labels_and_their_ranks_are_those_of_the_mean_probabilities(tmp_path):
    data = {"type": "CSV", "path": str(SPECS / "data/breast_cancer.csv"), "targets": "diagnosis"}
    kept = kept_before_training(
        tmp_path,
        data=data | {"standardize": True, "validation": 0.2},
        loss={"type": "BCEWithLogitsLoss"},
        metrics=[{"type": "AUROC"}, {"type": "Accuracy"}],
    )
    batch = next(kept.data.training.epoch(1))
    outputs = kept.model(batch.input).detach()
    [prediction] = kept.run.stages.predict(
        run=kept.run, criterion=kept.criterion, outputs=outputs, batch=batch
    ).values()
    expected = torch.stack([one.sigmoid() for one in outputs.unbind(dim=1)]).mean(dim=0)
    torch.testing.assert_close(prediction.predictions, expected)
    assert prediction.scores.argsort(dim=0).tolist() == prediction.predictions.argsort(dim=0).tolist()
    assert prediction.truth is batch.target
    value = kept.run.stages.loss(run=kept.run, criterion=kept.criterion, outputs=outputs, batch=batch)
    of_members = [binary_cross_entropy_with_logits(one, batch.target) for one in outputs.unbind(dim=1)]
    torch.testing.assert_close(value, torch.stack(of_members).mean())


def test_gradients_accumulated_over_parts_are_those_of_the_batch(tmp_path):
    loss = {"type": "CrossEntropyLoss", "weight": [0.2, 1.0, 3.0]}
    states = []
    for count in (1, 4):
        run = {"epochs": 2, "name": "small", "accumulate": count, "dtype": "float64"}
        trained = hookline.train(small(model=MODEL, run=run, loss=loss), out=tmp_path / f"run{count}")
        states.append(trained.model.state_dict())
    for name, tensor in states[0].items():
        torch.testing.assert_close(states[1][name], tensor, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("loss", "path", "words"),
    [
        ({"type": "CrossEntropyLoss", "reduction": "sum"}, "loss.reduction", "the mean over its members"),
        ({"type": "MultiMarginLoss", "reduction": "sum"}, "loss.reduction", "MultiMarginLoss adds"),
    ],
)
def test_a_loss_that_is_no_mean_over_rows_is_refused(loss, path, words):
    with pytest.raises(hookline.errors.SpecError) as raised:
        small(model=MODEL, loss=loss)
    [problem] = raised.value.diagnostics
    assert ".".join(map(str, problem.path)) == path
    assert words in problem.message
