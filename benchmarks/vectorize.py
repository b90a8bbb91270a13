"""Trials per minute of a study with `vectorize = 32`, beside the same study without it.

There are two baselines: trials one by one whose steps are traced, as they are by default, and trials one by one with
`trace = "off"`. All studies train the same trials, and train the best one again alone if it was in a stack. The CPU
times are taken alternately; the shortest of each counts. Run it with `python benchmarks/vectorize.py`.
"""

import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch

import hookline
from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.plugins.signals import Interruption
from hookline.spec.dump import plain
from hookline.spec.training import SEVERAL
from hookline.tuning.opening import new_study

SPECS = Path(__file__).parents[1] / "specs"
TRIALS, ROUNDS = 64, 3
BARE = ["callbacks=[]", "deploy=[]", "metrics=[]", "run.evaluate_training=false", "tune.type=RandomSearch"]
SPACE = 'tune.space={"optimizer.lr"={low=1e-4,high=0.1,log=true},"optimizer.weight_decay"={low=1e-4,high=0.1,log=true}}'


def layers(*sizes: int) -> str:
    """The option of a perceptron with hidden layers of these sizes."""
    hidden = [f'{{type="Linear",out_features={size}}},{{type="ReLU"}}' for size in sizes]
    return f'model.layers=[{",".join(hidden)},{{type="Linear",out_features=1}}]'


RANDOM = ["data.features=10", "data.targets=[" + ",".join("01"[row % 3 == 0] for row in range(512)) + "]"]
CASES = {
    "10-5-1, SGD, 512 rows": (
        "first_network.toml",
        [*RANDOM, "data.batch_size=32", "data.shuffle=true", "run.epochs=100", "tune.monitor=training/loss"],
    ),
    "30-64-32-1, AdamW, 341 rows": ("breast_cancer.toml", [layers(64, 32), "run.epochs=100"]),
    "digits' CNN, SGD, 1,258 rows": ("digits.toml", ["run.epochs=5"]),
}


STUDIES = {
    "one by one, traced": ("tune.vectorize=1", 'run.trace="auto"'),
    'one by one, trace = "off"': ("tune.vectorize=1", 'run.trace="off"'),
    "vectorize = 32": ("tune.vectorize=32", 'run.trace="auto"'),
}


def cpu_seconds(path: str, changes: Sequence[str]) -> float:
    """The CPU time of a study, from its first trial to the last one."""
    options = [*BARE, SPACE, f"tune.trials={TRIALS}", "tune.synchronous=32", *changes]
    loader = Loader()
    document = documents.from_table(plain(hookline.load(SPECS / path, options), Path()), lists=SEVERAL)
    with tempfile.TemporaryDirectory() as place:
        study = new_study(loader.load(document), loader, document, Path(place) / "study")
        begin = time.process_time()
        study.work(Interruption())
        return time.process_time() - begin


def main() -> None:
    """Print the trials per minute of each case."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for name, (path, changes) in CASES.items():
        shortest = dict.fromkeys(STUDIES, float("inf"))
        for _ in range(ROUNDS):
            for study, options in STUDIES.items():
                shortest[study] = min(shortest[study], cpu_seconds(path, [*changes, *options]))
        together = shortest["vectorize = 32"]
        print(f"{name}: {60 * TRIALS / together:,.0f} trials per minute with vectorize = 32")
        for study, seconds in shortest.items():
            if study != "vectorize = 32":
                print(f"    {seconds / together:5.1f} times {study} ({60 * TRIALS / seconds:,.0f})", flush=True)


if __name__ == "__main__":
    main()
