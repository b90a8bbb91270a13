"""Every loss and every optimizer has a spec that shows it: it trains in seconds, to a result worth having."""

from pathlib import Path

import pytest

import hookline
import hookline_losses
import hookline_optimizers

SPECS = Path(__file__).parent.parent / "specs"

AT_LEAST = {
    "losses/BCELoss": {"validation/Accuracy": 0.95, "validation/AUROC": 0.99},
    "losses/BCEWithLogitsLoss": {"validation/Recall": 0.99, "validation/Precision": 0.85},
    "losses/CrossEntropyLoss": {"validation/Accuracy": 0.96},
    "losses/HuberLoss": {"validation/R2Score": 0.4},
    "losses/L1Loss": {"validation/R2Score": 0.4},
    "losses/MSELoss": {"validation/R2Score": 0.4},
    "losses/MultiMarginLoss": {"validation/Accuracy": 0.94},
    "losses/NLLLoss": {"validation/Accuracy": 0.93},
    "losses/PoissonNLLLoss": {"validation/R2Score": 0.4},
    "losses/SmoothL1Loss": {"validation/R2Score": 0.4},
    "losses/SoftMarginLoss": {"validation/Accuracy": 0.96},
    "optimizers/ASGD": {"validation/Accuracy": 0.95},
    "optimizers/Adadelta": {"validation/Accuracy": 0.95},
    "optimizers/Adafactor": {"validation/Accuracy": 0.95},
    "optimizers/Adagrad": {"validation/Accuracy": 0.95},
    "optimizers/Adam": {"validation/Accuracy": 0.95},
    "optimizers/AdamW": {"validation/Accuracy": 0.95},
    "optimizers/Adamax": {"validation/Accuracy": 0.95},
    "optimizers/LBFGS": {"validation/Accuracy": 0.95},
    "optimizers/NAdam": {"validation/Accuracy": 0.95},
    "optimizers/RAdam": {"validation/Accuracy": 0.95},
    "optimizers/RMSprop": {"validation/Accuracy": 0.95},
    "optimizers/Rprop": {"validation/Accuracy": 0.93},
    "optimizers/SGD": {"validation/Accuracy": 0.95},
}
"""What the spec of each must reach, well below what it does, so that another machine's rounding does not matter."""


@pytest.mark.parametrize("name", AT_LEAST)
def test_a_spec_reaches_a_result_worth_having(name, tmp_path):
    trial = hookline.train(hookline.load(SPECS / f"{name}.toml"), out=tmp_path / "run")
    reached = {metric: trial.metrics[metric] for metric in AT_LEAST[name]}
    assert {metric: value for metric, value in reached.items() if value < AT_LEAST[name][metric]} == {}


@pytest.mark.parametrize(
    ("section", "plugin"),
    [("losses", hookline_losses), ("optimizers", hookline_optimizers)],
    ids=lambda value: str(value),
)
def test_every_one_has_a_spec_that_bears_its_name_and_uses_it(section, plugin):
    names = {
        kind.__name__
        for kind in plugin.register_specs()
        if isinstance(kind.family, str) and kind.family == section[: -2 if section == "losses" else -1]
    }
    paths = list((SPECS / section).glob("*.toml"))
    assert (
        {path.stem for path in paths}
        == names
        == {name.partition("/")[2] for name in AT_LEAST if name.startswith(section)}
    )
    for path in paths:
        spec = hookline.load(path)
        used = spec.loss if section == "losses" else spec.optimizer
        assert type(used).__name__ == path.stem
