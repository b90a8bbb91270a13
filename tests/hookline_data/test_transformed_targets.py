"""Targets that the loss sees transformed: predictions and metrics are in the original unit."""

import json

import numpy
import pytest
import torch
from torch import nn

import hookline
from hookline.cli.main import main
from hookline.spec.dump import dumps

ROWS = 50
GENERATOR = numpy.random.default_rng(0)
X = GENERATOR.standard_normal((ROWS, 2)).astype("float32")
PRICE = 1e6 + 5e4 * X[:, 0].astype("float64") + GENERATOR.standard_normal(ROWS) * 1e3
SIZE = numpy.exp(X[:, 1].astype("float64"))
ORDER = numpy.random.default_rng(0).permutation(ROWS)
VALIDATION, TRAINING = numpy.sort(ORDER[:10]), numpy.sort(ORDER[10:])


@pytest.fixture
def table(tmp_path):
    columns = {"a": X[:, 0], "b": X[:, 1], "price": PRICE, "size": SIZE}
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    path = tmp_path / "table.csv"
    path.write_text("\n".join([",".join(columns), *(",".join(map(repr, row)) for row in rows)]) + "\n")
    return path


def spec(table, columns, targets="price", loss="MSELoss", outputs=1, **sections):
    return {
        "run": {"epochs": 3, "seed": 1},
        "data": {"type": "CSV", "path": str(table), "inputs": ["a", "b"], "targets": targets}
        | {"batch_size": 8, "validation": 0.2, "columns": columns},
        "model": {"type": "Linear", "out_features": outputs},
        "loss": {"type": loss},
        "optimizer": {"type": "SGD", "lr": 0.1},
        "metrics": [{"type": "MeanAbsoluteError"}, {"type": "R2Score"}],
    } | sections


def trained_by_hand(targets):
    """Train on transformed targets `(rows, k)` in float64, and return the model."""
    torch.manual_seed(1)
    model = nn.Linear(2, targets.shape[1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    inputs, y = torch.from_numpy(X[TRAINING]), torch.from_numpy(targets[TRAINING]).float()
    for epoch in (1, 2, 3):
        order = torch.from_numpy(numpy.random.default_rng((1, epoch)).permutation(len(TRAINING)))
        for rows in order.split(8):
            optimizer.zero_grad()
            nn.MSELoss()(model(inputs[rows]), y[rows]).backward()
            optimizer.step()
    return model


def standardized(numbers):
    return (numbers - numbers[TRAINING].mean()) / numbers[TRAINING].std()


KINDS = {
    "StandardScaler": (
        standardized,
        lambda z: z * PRICE[TRAINING].std() + PRICE[TRAINING].mean(),
    ),
    "MinMaxScaler": (
        lambda y: (y - y[TRAINING].min()) * (1.0 / (y[TRAINING].max() - y[TRAINING].min())),
        lambda z: z / (1.0 / (PRICE[TRAINING].max() - PRICE[TRAINING].min())) + PRICE[TRAINING].min(),
    ),
    "Log1p": (numpy.log1p, torch.expm1),
    "Number": (lambda y: y, lambda z: z),
}


@pytest.mark.filterwarnings("ignore:.*different values in the training split")
@pytest.mark.parametrize("kind", KINDS)
def test_predictions_and_metrics_equal_undoing_the_transformation_by_hand(kind, table, tmp_path):
    made = spec(table, {"price": {"type": kind}})
    if kind == "Number":
        made["optimizer"]["lr"] = 1e-3
    transform, undo = KINDS[kind]
    trial = hookline.train(hookline.load(made), out=tmp_path / "run")
    if kind != "Number":
        model = trained_by_hand(transform(PRICE)[:, None])
        assert all(torch.equal(value, model.state_dict()[name]) for name, value in trial.model.state_dict().items())
    with torch.no_grad():
        outputs = trial.model(torch.from_numpy(X))
    expected = undo(outputs.double()).float()[:, 0]

    finished = hookline.open_run(tmp_path / "run")
    predicted = finished.predict(table, columns=["prediction", "truth"])
    assert predicted["prediction"].to_numpy().tolist() == expected.tolist()
    true = undo(torch.from_numpy(transform(PRICE)).float().double()).float()
    assert predicted["truth"].to_numpy().tolist() == true.tolist()
    assert true.numpy() == pytest.approx(PRICE, rel=1e-6)

    error = (expected - true)[torch.from_numpy(VALIDATION)].abs().double().mean()
    assert trial.metrics["validation/MeanAbsoluteError"] == pytest.approx(float(error), rel=1e-6)
    evaluated = finished.evaluate("validation")
    assert evaluated["MeanAbsoluteError"] == trial.metrics["validation/MeanAbsoluteError"]
    details = finished.evaluation("validation").targets["target"]
    assert details.predicted[:, 0].tolist() == pytest.approx(expected[VALIDATION].tolist(), rel=1e-6)
    assert finished.evaluate(data=table)["loss"] == pytest.approx(
        float(nn.MSELoss()(outputs, torch.from_numpy(transform(PRICE)[:, None]).float())), rel=1e-5
    )


def test_each_of_several_targets_and_columns_has_its_own_unit(table, tmp_path):
    columns = {"price": {"type": "StandardScaler"}, "size": {"type": "Log1p"}}
    both = spec(table, columns, targets=["price", "size"], outputs=2)
    trial = hookline.train(hookline.load(both), out=tmp_path / "both")
    targets = numpy.stack([standardized(PRICE), numpy.log1p(SIZE)], axis=1)
    model = trained_by_hand(targets)
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in trial.model.state_dict().items())
    predicted = hookline.open_run(tmp_path / "both").predict(table)
    outputs = model(torch.from_numpy(X)).detach().double()
    price = outputs[:, 0] * PRICE[TRAINING].std() + PRICE[TRAINING].mean()
    assert predicted["prediction[price]"].to_numpy().tolist() == price.float().tolist()
    assert predicted["prediction[size]"].to_numpy().tolist() == outputs[:, 1].expm1().float().tolist()

    heads = {name: {"type": "Linear", "out_features": 1} for name in ("price", "size")}
    several = spec(
        table,
        {"price": {"type": "StandardScaler"}},
        targets={"price": "price", "size": "size"},
        model={"type": "Heads", "heads": heads},
        losses={name: {"type": "MSELoss"} for name in ("price", "size")},
        metrics=[
            {"type": "MeanAbsoluteError", "target": name, "name": f"error of {name}"} for name in ("price", "size")
        ],
    )
    del several["loss"]
    trial = hookline.train(hookline.load(several), out=tmp_path / "several")
    outputs = trial.model(torch.from_numpy(X))
    predicted = hookline.open_run(tmp_path / "several").predict(table)
    price = outputs["price"].detach().double() * PRICE[TRAINING].std() + PRICE[TRAINING].mean()
    assert predicted["prediction[price]"].to_numpy().tolist() == price.float()[:, 0].tolist()
    assert predicted["prediction[size]"].to_numpy().tolist() == outputs["size"].detach()[:, 0].tolist()
    errors = (outputs["size"].detach()[VALIDATION, 0] - torch.from_numpy(SIZE[VALIDATION]).float()).abs()
    assert trial.metrics["validation/error of size"] == pytest.approx(float(errors.mean()), rel=1e-6)


def test_the_mean_of_gaussian_nll_is_in_the_original_unit(table, tmp_path):
    heads = {
        "input": {"type": "Linear", "out_features": 1},
        "var": {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 1}, {"type": "Softplus"}]},
    }
    made = spec(
        table, {"price": {"type": "StandardScaler"}}, loss="GaussianNLLLoss", model={"type": "Heads", "heads": heads}
    )
    trial = hookline.train(hookline.load(made), out=tmp_path / "run")
    mean = trial.model(torch.from_numpy(X))["input"].detach().double() * PRICE[TRAINING].std() + PRICE[TRAINING].mean()
    predicted = hookline.open_run(tmp_path / "run").predict(table)
    assert predicted["prediction"].to_numpy().tolist() == mean.float()[:, 0].tolist()


def test_statistics_are_those_of_the_training_rows_and_stand_with_the_run(table, tmp_path):
    hookline.train(hookline.load(spec(table, {"price": {"type": "StandardScaler"}})), out=tmp_path / "run")
    known = json.loads((tmp_path / "run" / "data.json").read_text())["targets"]["target"]["transforms"]["price"]
    assert known["type"] == "StandardScaler"
    assert known["fitted"] == pytest.approx({"center": PRICE[TRAINING].mean(), "scale": PRICE[TRAINING].std()})


def test_a_pattern_is_not_for_targets(table, tmp_path):
    made = spec(table, {"*": {"type": "StandardScaler"}}, targets="size")
    trial = hookline.train(hookline.load(made), out=tmp_path / "run")
    assert hookline.open_run(tmp_path / "run").data.targets["target"].transforms == {}
    assert trial.metrics["validation/MeanAbsoluteError"] < 3


@pytest.mark.parametrize(
    ("columns", "sections", "message"),
    [
        (
            {"price": {"type": "Binarizer"}},
            {},
            "data.columns.price.type: Binarizer cannot be undone",
        ),
        ({"price": {"type": "StandardScaler", "missing": "mean"}}, {}, "A missing target cannot be filled in"),
        ({"price": {"type": "StandardScaler"}}, {"loss": {"type": "PoissonNLLLoss"}}, "needs numbers of at least 0"),
        ({"price": {"type": "StandardScaler"}}, {"loss": {"type": "BCEWithLogitsLoss"}}, "does not compare numbers"),
    ],
)
def test_what_makes_no_sense_is_refused_by_check(columns, sections, message, table, tmp_path, capsys):
    made = {**spec(table, columns), **sections, "metrics": []}
    (tmp_path / "spec.toml").write_text(dumps(made))
    assert main(["check", str(tmp_path / "spec.toml")]) == 1
    assert message in capsys.readouterr().out
    with pytest.raises(hookline.HooklineError, match=message):
        hookline.train(hookline.load(made), out=tmp_path / "run")
