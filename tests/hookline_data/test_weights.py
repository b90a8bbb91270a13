"""Weights of rows: training equals plain PyTorch bit for bit, and evaluation does not depend on the batch size."""

import numpy
import pytest
import torch
from attrs import evolve
from torch import nn

import hookline
from hookline.cli.main import main
from hookline.runs.fingerprint import of_batch
from hookline.spec.dump import dumps

ROWS = 40
GENERATOR = numpy.random.default_rng(0)
X = GENERATOR.standard_normal((ROWS, 3)).astype("float32")
Y = GENERATOR.standard_normal(ROWS).astype("float32")
CLASSES = GENERATOR.integers(0, 3, ROWS)
W = (GENERATOR.integers(0, 5, ROWS) / 2).astype("float32")
W[:2] = 0


@pytest.fixture
def table(tmp_path):
    """A CSV file whose last row in each batch of 2 may have the weight 0."""
    columns = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "w": W, "class": CLASSES, "y": Y}
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    path = tmp_path / "table.csv"
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def spec(table, loss, target, outputs=1, accumulate=1, **data):
    return {
        "run": {"epochs": 2, "seed": 1, "accumulate": accumulate},
        "data": {"type": "CSV", "path": str(table), "targets": target, "batch_size": 8}
        | {"inputs": ["a", "b", "c"], "weight_column": "w", **data},
        "model": {"type": "Linear", "out_features": outputs},
        "loss": loss,
        "optimizer": {"type": "SGD", "lr": 0.1},
    }


def by_hand(loss_of, outputs=1):
    """Train with `loss_of(outputs, rows)`, which returns the loss and what it is divided by."""
    torch.manual_seed(1)
    model = nn.Linear(3, outputs)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    inputs, history = torch.from_numpy(X), []
    for epoch in (1, 2):
        total = divisors = 0.0
        order = torch.from_numpy(numpy.random.default_rng((1, epoch)).permutation(ROWS))
        for rows in order.split(8):
            optimizer.zero_grad()
            loss, divisor = loss_of(model(inputs[rows]), rows)
            loss.backward()
            optimizer.step()
            total += loss.item() * divisor.item()
            divisors += divisor.item()
        history.append(total / divisors)
    return history, model.state_dict()


def test_a_weighted_regression_equals_plain_pytorch(table, tmp_path):
    def loss_of(outputs, rows):
        w, y = torch.from_numpy(W)[rows], torch.from_numpy(Y)[rows].unsqueeze(1)
        return (w * nn.MSELoss(reduction="none")(outputs, y).mean(dim=1)).sum() / w.sum(), w.sum()

    trial = hookline.train(hookline.load(spec(table, {"type": "MSELoss"}, "y")), out=tmp_path / "run")
    history, parameters = by_hand(loss_of)
    assert [record["training/loss"] for record in trial.history] == history
    assert all(torch.equal(parameters[name], value) for name, value in trial.model.state_dict().items())


def test_weights_of_rows_multiply_weights_of_classes_as_in_plain_pytorch(table, tmp_path):
    of_class = torch.tensor([0.5, 1.0, 2.0])

    def loss_of(outputs, rows):
        w, y = torch.from_numpy(W)[rows], torch.from_numpy(CLASSES)[rows]
        losses = nn.CrossEntropyLoss(of_class, reduction="none")(outputs, y)
        return (w * losses).sum() / (of_class[y] * w).sum(), (of_class[y] * w).sum()

    made = spec(table, {"type": "CrossEntropyLoss", "weight": [0.5, 1, 2]}, "class", outputs=3)
    trial = hookline.train(hookline.load(made), out=tmp_path / "run")
    history, parameters = by_hand(loss_of, outputs=3)
    assert [record["training/loss"] for record in trial.history] == history
    assert all(torch.equal(parameters[name], value) for name, value in trial.model.state_dict().items())


LOSSES = {
    "mean": ({"type": "MSELoss"}, "y", 1),
    "sum": ({"type": "MSELoss", "reduction": "sum", "factor": 0.01}, "y", 1),
    "classes": ({"type": "CrossEntropyLoss"}, "class", 3),
    "class weights": ({"type": "CrossEntropyLoss", "weight": [0.5, 1, 2], "ignore_index": 0}, "class", 3),
}


@pytest.mark.parametrize("name", LOSSES)
def test_accumulated_gradients_are_those_of_the_batch(name, table, tmp_path):
    loss, target, outputs = LOSSES[name]
    whole, parts = (
        hookline.train(
            hookline.load(spec(table, loss, target, outputs, accumulate=count, validation=0.3)),
            out=tmp_path / str(count),
        )
        for count in (1, 4)
    )
    for record, other in zip(whole.history, parts.history, strict=True):
        assert other == pytest.approx(record, rel=1e-5)


@pytest.mark.parametrize("accumulate", [1, 4])
@pytest.mark.parametrize("name", [*LOSSES, "several"])
def test_the_loss_of_a_split_does_not_depend_on_the_batch_size(name, accumulate, table, tmp_path):
    if name == "several":
        made = spec(table, None, {"y": "y", "class": "class"}, accumulate=accumulate, validation=0.5)
        made["losses"] = {
            "y": {"type": "MSELoss", "factor": 0.5},
            "class": {"type": "CrossEntropyLoss", "weight": [0.5, 1, 2]},
        }
        del made["loss"]
        heads = {"y": {"type": "Linear", "out_features": 1}, "class": {"type": "Linear", "out_features": 3}}
        made["model"] = {"type": "Heads", "heads": heads}
    else:
        loss, target, outputs = LOSSES[name]
        made = spec(table, loss, target, outputs, accumulate=accumulate, validation=0.5)
    hookline.train(hookline.load(made), out=tmp_path / "run")
    finished = hookline.open_run(tmp_path / "run")
    found = [finished.evaluate("validation", batch_size=size)["loss"] for size in (1, 7, 20)]
    assert found == pytest.approx([found[0]] * 3, rel=1e-6)
    if name == "mean":
        data = finished.evaluation("validation").targets["target"]
        weights = torch.from_numpy(W[_validation_rows()])
        errors = torch.from_numpy((data.truth - data.predicted) ** 2)[:, 0]
        assert found[2] == pytest.approx(float((weights * errors).sum() / weights.sum()), rel=1e-6)


def _validation_rows():
    return numpy.sort(numpy.random.default_rng(0).permutation(ROWS)[:20])


def test_new_rows_are_weighted_if_they_have_the_column(table, tmp_path):
    hookline.train(hookline.load(spec(table, {"type": "MSELoss"}, "y")), out=tmp_path / "run")
    finished = hookline.open_run(tmp_path / "run")
    weighted = finished.evaluate(data=table)
    assert weighted["loss"] == pytest.approx(finished.evaluate("training")["loss"], rel=1e-6)
    columns = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": Y}
    with pytest.warns(hookline.HooklineWarning, match="The training rows have weights, but these have none"):
        plain = finished.evaluate(data=columns)
    errors = (finished.predict(columns)["prediction"].to_numpy() - Y) ** 2
    assert plain["loss"] == pytest.approx(float(errors.mean()), rel=1e-6)
    with pytest.raises(hookline.errors.DataError, match=r'row 3, column "w": The weight is -1'):
        finished.evaluate(data={**columns, "w": [1, 1, -1, *[1] * (ROWS - 3)]})
    assert "w" not in finished.predict(table).column_names


def test_arrays_have_weights_too(tmp_path):
    numpy.savez(tmp_path / "arrays.npz", x=X, y=Y, w=W)
    made = spec(tmp_path / "arrays.npz", {"type": "MSELoss"}, "y") | {}
    made["data"] |= {"type": "NPZ"}
    del made["data"]["inputs"]  # All others: without the weights.
    trial = hookline.train(hookline.load(made), out=tmp_path / "run")

    def loss_of(outputs, rows):
        w, y = torch.from_numpy(W)[rows], torch.from_numpy(Y)[rows].unsqueeze(1)
        return (w * nn.MSELoss(reduction="none")(outputs, y).mean(dim=1)).sum() / w.sum(), w.sum()

    assert [record["training/loss"] for record in trial.history] == by_hand(loss_of)[0]
    finished = hookline.open_run(tmp_path / "run")
    loss = finished.evaluate(data=tmp_path / "arrays.npz")["loss"]
    assert loss == pytest.approx(finished.evaluate("training")["loss"], rel=1e-6)


def test_rows_keep_their_weights_in_every_order():
    weights = torch.from_numpy(W)
    batches = hookline.data.TensorBatches(
        {"x": torch.from_numpy(X)}, {"y": weights}, batch_size=7, seed=3, weights=weights
    )
    for batch in batches.epoch(2):
        assert torch.equal(batch.target, batch.weights)
        assert torch.equal(torch.cat([part.weights for part in batch.parts(3)]), batch.weights)
        assert torch.equal(batch.slice(1, 3).weights, batch.weights[1:3])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("1,-1", 'The weights "w" must be at least 0, but -1 occurs'),
        ("1,nan", "nan"),
        ("1,", "The cell is empty"),
        ("1,inf", "not a finite"),
        ("0,0", "All rows of the training split have the weight 0"),
        ("1,much", '"much" is not a number'),
    ],
)
def test_wrong_weights_are_refused(cells, message, tmp_path):
    (tmp_path / "t.csv").write_text("a,w,y\n" + "".join(f"{i},{w},{i}\n" for i, w in enumerate(cells.split(","))))
    made = spec(tmp_path / "t.csv", {"type": "MSELoss"}, "y", inputs="a")
    with pytest.raises(hookline.HooklineError, match=message):
        hookline.train(hookline.load(made), out=tmp_path / "run")


def test_a_loss_that_cannot_weight_rows_is_refused_by_check(table, tmp_path, capsys):
    plugin = tmp_path / "own.py"
    plugin.write_text(
        "import hookline\n"
        "from hookline.spec import LossSpec, spec\n\n\n"
        "@spec\nclass OwnLoss(LossSpec):\n"
        '    """A loss."""\n\n'
        "    def build(self, data):\n        from torch import nn\n\n        return nn.MSELoss()\n\n\n"
        "@hookline.hookimpl\ndef register_specs():\n    return [OwnLoss]\n"
    )
    (tmp_path / "spec.toml").write_text(dumps(spec(table, {"type": "OwnLoss"}, "y")))
    assert main(["check", str(tmp_path / "spec.toml"), "-p", str(plugin)]) == 1
    assert "data.weight_column: OwnLoss cannot weight its rows" in capsys.readouterr().out


def test_the_fingerprint_of_the_data_contains_the_weights(table):
    batch = hookline.data.Batch({"x": torch.from_numpy(X)}, weights=torch.from_numpy(W))
    assert of_batch(batch) != of_batch(evolve(batch, weights=torch.from_numpy(W) + 1))
    assert of_batch(batch) != of_batch(evolve(batch, weights=None))
