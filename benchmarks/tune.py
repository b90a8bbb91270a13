"""The time of a trial of `hookline tune`, beside a loop that is written by hand with Optuna and PyTorch.

Both train the same model on the same batches, evaluate the validation split after each epoch and the test split at the
end, and have the same sampler with the same seeds, so their best results are equal. The CPU times of studies that
alternate are compared. What is done once after the last trial, such as the pictures, is measured apart. Run it with
`python benchmarks/tune.py`.
"""

import tempfile
import time
import warnings
from pathlib import Path
from statistics import median
from zlib import crc32

import optuna
import torch
from torch import nn

import hookline
from hookline.tuning import tune as tuning
from hookline.tuning.study import Study

SPEC = Path(__file__).parents[1] / "specs" / "breast_cancer.toml"
TRIALS, EPOCHS, ROUNDS = 20, 40, 4
RATE, WIDTH = "{ low = 1e-4, high = 0.1, log = true }", "{ low = 8, high = 64 }"
SPACE = f'{{ "optimizer.lr" = {RATE}, "model.layers.0.out_features" = {WIDTH} }}'
CHANGES = ["callbacks=[]", "deploy=[]", "metrics=[]", "run.evaluate_training=false"]
SEARCH = ["tune.type=Optuna", f"tune.trials={TRIALS}", "tune.baseline=false", f"tune.space={SPACE}"]


class Timed:
    """Measures the CPU time of the trials of a study, and of what follows them."""

    def __init__(self) -> None:
        """Begin without measurements."""
        self.trials: list[float] = []
        self.end: list[float] = []

    def __enter__(self) -> "Timed":
        self._work, self._finish = Study.work, tuning.finish
        Study.work, tuning.finish = self._measured(self._work, self.trials), self._measured(self._finish, self.end)  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        Study.work, tuning.finish = self._work, self._finish  # type: ignore[method-assign]

    @staticmethod
    def _measured(function, times):  # type: ignore[no-untyped-def]
        def call(*arguments, **named):  # type: ignore[no-untyped-def]
            begin = time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                times.append(time.process_time() - begin)

        return call


def with_hookline(spec: hookline.TrainingSpec) -> float:
    """Return the best validation loss of a study."""
    with tempfile.TemporaryDirectory() as place:
        [best] = hookline.tune(spec, out=Path(place) / "study").best
    return best.results[0]


def by_hand(data: hookline.data.Data, epochs: int) -> float:
    """Return the best validation loss of a loop with Optuna."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    for number in range(1, TRIALS + 1):
        study.sampler = optuna.samplers.TPESampler(seed=crc32(f"0/{number}".encode()))
        trial = study.ask()
        lr = trial.suggest_float("optimizer.lr", 1e-4, 0.1, log=True)
        width = trial.suggest_int("model.layers.0.out_features", 8, 64)
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(30, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, 1))
        optimizer = torch.optim.AdamW(model.parameters(), lr=lr, fused=True)
        criterion = nn.BCEWithLogitsLoss()
        for epoch in range(1, epochs + 1):
            model.train()
            for batch in data.training.epoch(epoch):
                optimizer.zero_grad()
                loss = criterion(model(batch.input), batch.target)
                loss.backward()
                optimizer.step()
            result = evaluated(model, criterion, data.validation)
        evaluated(model, criterion, data.test)
        study.tell(trial, result)
    return study.best_value


def evaluated(model: nn.Module, criterion: nn.Module, batches: hookline.data.Batches) -> float:
    """Return the mean loss over all rows."""
    model.eval()
    losses, rows = [], []
    with torch.no_grad():
        for batch in batches.epoch(1):
            losses.append(criterion(model(batch.input), batch.target).item())
            rows.append(len(batch.input))
    weights = torch.tensor(rows, dtype=torch.float64)
    return float((torch.tensor(losses, dtype=torch.float64) * weights).sum() / weights.sum())


def main() -> None:
    """Print the times of a trial, and their ratio: with all epochs, and with one epoch."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place:
        data = hookline.train(hookline.load(SPEC, [*CHANGES, "run.epochs=1"]), out=Path(place) / "run").data
    for epochs in (EPOCHS, 1):
        spec = hookline.load(SPEC, [*CHANGES, f"run.epochs={epochs}", *SEARCH])
        hand: list[float] = []
        with Timed() as timed:
            for _ in range(ROUNDS):
                begin = time.process_time()
                expected = by_hand(data, epochs)
                hand.append(time.process_time() - begin)
                assert with_hookline(spec) == expected
        own, other = median(timed.trials[1:]), median(hand[1:])
        own, other = 1000 * own / TRIALS, 1000 * other / TRIALS
        times = f"{own:.1f} ms of CPU time for a trial, {other:.1f} ms by hand"
        print(f"{epochs:>2} epochs: {times}: {other / own:.3f} times the speed, {own - other:.1f} ms more")
    print(f"{median(timed.end):.2f} s once after the last trial")


if __name__ == "__main__":
    main()
