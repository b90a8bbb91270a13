"""Prove that `hookline tune` has the trials of a loop that is written by hand with Optuna and PyTorch, value by value.

For three specs, 50 trials are compared with those of a loop with the same space, sampler and seed: the values that are
tried, and the results, must be equal to the last bit. The best trial must be better than the spec's own values, and
`best.toml`, trained alone, must have the result of the study. Both use the fused optimizers of torch, as Hookline does
on a CPU. Run it with `make tune-proof`.
"""

import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import optuna
import torch
from torch import nn

import hookline

SPECS = Path(__file__).parents[1] / "specs"
TRIALS = 50


def log(low: float, high: float) -> dict[str, Any]:
    """A logarithmic range."""
    return {"low": low, "high": high, "log": True}


SPACES: dict[str, dict[str, Any]] = {
    "breast_cancer": {
        "optimizer": [
            {"type": "SGD", "lr": log(0.001, 1.0), "momentum": {"low": 0.0, "high": 0.99}},
            {"type": "AdamW", "lr": log(1e-4, 0.1)},
        ],
        "model.layers.0.out_features": log(8, 128),
        "model.layers.Dropout.p": {"low": 0.0, "high": 0.5},
        "data.batch_size": [16, 32, 64],
    },
    "digits": {
        "optimizer.lr": log(0.005, 0.5),
        "optimizer.momentum": {"low": 0.5, "high": 0.99},
        "model.layers.0.out_channels": {"low": 4, "high": 24},
        "model.layers.4.out_channels": {"low": 8, "high": 40},
    },
    "diabetes": {
        "optimizer": [
            {"type": "LBFGS", "max_iter": {"low": 1, "high": 8}, "line_search_fn": "strong_wolfe"},
            {"type": "Adam", "lr": log(0.1, 100.0), "weight_decay": log(1e-6, 1.0)},
        ],
    },
}


def breast_cancer(trial: optuna.Trial, source: Callable[..., Any]) -> float:
    """A network with one hidden layer, and early stopping."""
    if trial.suggest_categorical("optimizer", ["SGD", "AdamW"]) == "SGD":
        lr = trial.suggest_float("optimizer.SGD.lr", 0.001, 1.0, log=True)
        options = {"lr": lr, "momentum": trial.suggest_float("optimizer.SGD.momentum", 0.0, 0.99)}
        kind: Any = torch.optim.SGD
    else:
        options, kind = {"lr": trial.suggest_float("optimizer.AdamW.lr", 1e-4, 0.1, log=True)}, torch.optim.AdamW
    width = trial.suggest_int("model.layers.0.out_features", 8, 128, log=True)
    rate = trial.suggest_float("model.layers.Dropout.p", 0.0, 0.5)
    data = source(trial.suggest_categorical("data.batch_size", [16, 32, 64]))
    model = nn.Sequential(nn.Linear(30, width), nn.ReLU(), nn.Dropout(rate), nn.Linear(width, 1))
    optimizer, criterion = kind(model.parameters(), **options, fused=True), nn.BCEWithLogitsLoss()
    best, best_epoch = float("inf"), 0
    for epoch in range(1, 41):
        _train(model, optimizer, criterion, data, epoch)
        if (number := _validated(model, criterion, data)) < best:
            best, best_epoch = number, epoch
        if epoch - best_epoch >= 8:
            break
    return best


def digits(trial: optuna.Trial, source: Callable[..., Any]) -> float:
    """A small convolutional network, with clipped gradients."""
    lr = trial.suggest_float("optimizer.lr", 0.005, 0.5, log=True)
    momentum = trial.suggest_float("optimizer.momentum", 0.5, 0.99)
    first, second = (
        trial.suggest_int(f"model.layers.{index}.out_channels", *of) for index, of in ((0, (4, 24)), (4, (8, 40)))
    )
    data = source(64)
    layers = [nn.Conv2d(1, first, 3, padding=1), nn.BatchNorm2d(first), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [
        nn.Conv2d(first, second, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * second, 10),
    ]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, fused=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(1, 16):
        _train(model, optimizer, criterion, data, epoch, clip=1.0)
    return _validated(model, criterion, data)


def diabetes(trial: optuna.Trial, source: Callable[..., Any]) -> float:
    """A linear model, trained on all rows at once."""
    model, criterion, data = None, nn.HuberLoss(delta=50.0), source(512)
    if trial.suggest_categorical("optimizer", ["LBFGS", "Adam"]) == "LBFGS":
        steps = trial.suggest_int("optimizer.LBFGS.max_iter", 1, 8)
        model = nn.Linear(10, 1)
        optimizer: Any = torch.optim.LBFGS(model.parameters(), max_iter=steps, line_search_fn="strong_wolfe")
    else:
        lr = trial.suggest_float("optimizer.Adam.lr", 0.1, 100.0, log=True)
        decay = trial.suggest_float("optimizer.Adam.weight_decay", 1e-6, 1.0, log=True)
        model = nn.Linear(10, 1)
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=decay, fused=True)
    for epoch in range(1, 13):
        _train(model, optimizer, criterion, data, epoch)
    return _validated(model, criterion, data)


def _train(
    model: nn.Module, optimizer: Any, criterion: nn.Module, data: Any, epoch: int, clip: float | None = None
) -> None:
    model.train()
    for batch in data.training.epoch(epoch):

        def closure(batch: Any = batch) -> torch.Tensor:
            optimizer.zero_grad()
            loss = criterion(model(batch.input), batch.target)
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            return loss

        if isinstance(optimizer, torch.optim.LBFGS):
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()


def _validated(model: nn.Module, criterion: nn.Module, data: Any) -> float:
    model.eval()
    losses, rows = [], []
    with torch.no_grad():
        for batch in data.validation.epoch(1):
            losses.append(criterion(model(batch.input), batch.target).item())
            rows.append(len(batch.input))
    weights = torch.tensor(rows, dtype=torch.float64)
    return float((torch.tensor(losses, dtype=torch.float64) * weights).sum() / weights.sum())


def by_hand(name: str, own: dict[str, Any], home: Path) -> optuna.Study:
    """The study of a loop with Optuna."""
    known: dict[int, Any] = {}

    def source(size: int) -> Any:
        if size not in known:
            changes = [f"data.batch_size={size}", "run.epochs=1", "deploy=[]", "callbacks=[]", "metrics=[]"]
            known[size] = hookline.train(hookline.load(SPECS / f"{name}.toml", changes), out=home / str(size)).data
        torch.manual_seed(0)
        return known[size]

    study = optuna.create_study()
    study.enqueue_trial(own)
    for number in range(1, TRIALS + 1):
        study.sampler = optuna.samplers.TPESampler(seed=crc32(f"0/{number}".encode()))
        trial = study.ask()
        study.tell(trial, globals()[name](trial, source))
    return study


def proof(name: str, home: Path) -> dict[str, Any]:
    """The results of both, and whether they are equal."""
    table = {"type": "Optuna", "trials": TRIALS, "space": SPACES[name]}
    changes = [f"tune={_toml(table)}"]
    study = hookline.tune(
        hookline.load(SPECS / f"{name}.toml", [*changes, "deploy=[]", "metrics=[]"]), out=home / "study"
    )
    own = dict(study.records[0].values)
    other = by_hand(name, own, home)
    [best] = study.best
    alone = hookline.train(hookline.load(study.root / "best.toml"), out=home / "alone")
    return {
        "own": study.records[0].results[0],
        "best": best.results[0],
        "by_hand": other.best_value,
        "same_values": [dict(one.values) for one in study.records] == [trial.params for trial in other.trials],
        "same_results": [one.results for one in study.records] == [trial.values for trial in other.trials],
        "alone": alone.metrics["validation/loss"] == best.results[0],
        "conditions": all(_fits(one.values) for one in study.records),
    }


def _fits(values: dict[str, Any]) -> bool:
    """Whether a trial has only the options of the optimizer that it has."""
    inside = [name.split(".")[1] for name in values if name.startswith("optimizer.") and name.count(".") > 1]
    return set(inside) <= {values.get("optimizer")}


def _toml(value: Any) -> str:
    """A value as TOML in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {_toml(inner)}' for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def main() -> int:
    """Print the results, and return 1 if something differs."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    failed = False
    for name in sys.argv[1:] or SPACES:
        with tempfile.TemporaryDirectory() as place:
            found = proof(name, Path(place))
        checks = {check: found[check] for check in ("same_values", "same_results", "alone", "conditions")}
        checks["better"] = found["best"] < found["own"]
        failed |= not all(checks.values())
        numbers = f"own values {found['own']:.6g}, best {found['best']:.6g}, by hand {found['by_hand']:.6g}"
        print(f"{name}: validation loss with {numbers}", flush=True)
        print(f"    {', '.join(f'{check} {value}' for check, value in checks.items())}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
