"""Trials per minute of `hookline tune`, beside a loop that is written by hand with Optuna and PyTorch.

Both train the same model on the same batches, with the same sampler. Run it with `python benchmarks/tune.py`.
"""

import tempfile
import time
import warnings
from pathlib import Path
from zlib import crc32

import optuna
import torch
from torch import nn

import hookline

SPEC = Path(__file__).parents[1] / "specs" / "breast_cancer.toml"
TRIALS, EPOCHS = 40, 20
RATE, WIDTH = "{ low = 1e-4, high = 0.1, log = true }", "{ low = 8, high = 64 }"
SPACE = f'{{ "optimizer.lr" = {RATE}, "model.layers.0.out_features" = {WIDTH} }}'
CHANGES = [f"run.epochs={EPOCHS}", "callbacks=[]", "deploy=[]", "metrics=[]", "run.evaluate_training=false"]
SEARCH = ["tune.type=Optuna", f"tune.trials={TRIALS}", f"tune.space={SPACE}"]


def with_hookline(spec: hookline.TrainingSpec) -> float:
    """Return the best validation loss of a study."""
    with tempfile.TemporaryDirectory() as place:
        [best] = hookline.tune(spec, out=Path(place) / "study").best
    return best.results[0]


def by_hand(data: hookline.data.Data) -> float:
    """Return the best validation loss of a loop with Optuna."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    [validation] = [data.validation.all]
    criterion = nn.BCEWithLogitsLoss()
    for number in range(1, TRIALS + 1):
        study.sampler = optuna.samplers.TPESampler(seed=crc32(f"0/{number}".encode()))
        trial = study.ask()
        lr = trial.suggest_float("optimizer.lr", 1e-4, 0.1, log=True)
        width = trial.suggest_int("model.layers.0.out_features", 8, 64)
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(30, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, 1))
        optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
        for epoch in range(1, EPOCHS + 1):
            model.train()
            for batch in data.training.epoch(epoch):
                optimizer.zero_grad()
                loss = criterion(model(batch.input), batch.target)
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                result = criterion(model(validation.input), validation.target)
        with torch.no_grad():
            criterion(model(data.test.all.input), data.test.all.target)
        study.tell(trial, result.item())
    return study.best_value


def main() -> None:
    """Print both, alternating."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    spec = hookline.load(SPEC, [*CHANGES, *SEARCH])
    with tempfile.TemporaryDirectory() as place:
        once = hookline.load(SPEC, [*CHANGES, "run.epochs=1"])
        data = hookline.train(once, out=Path(place) / "run").data
    seconds: dict[str, list[float]] = {"by hand": [], "hookline": []}
    best: dict[str, float] = {}
    for _ in range(4):
        for name, run in (("by hand", lambda: by_hand(data)), ("hookline", lambda: with_hookline(spec))):
            begin = time.perf_counter()
            best[name] = run()
            seconds[name].append(time.perf_counter() - begin)
    fastest = {name: min(taken[1:]) for name, taken in seconds.items()}
    for name, taken in fastest.items():
        print(f"{name:>9}: {60 * TRIALS / taken:,.0f} trials per minute, best validation loss {best[name]:.6f}")
    overhead = 1000 * (fastest["hookline"] - fastest["by hand"]) / TRIALS
    print(f"{fastest['by hand'] / fastest['hookline']:.2f} times the speed by hand, {overhead:.1f} ms more for a trial")


if __name__ == "__main__":
    main()
