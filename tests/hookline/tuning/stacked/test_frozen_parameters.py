import pytest
from exhaustive import sampled
from stacks import FLOAT64, assert_close, both

LAYERS = [
    {"type": "Linear", "out_features": 8},
    {"type": "BatchNorm1d"},
    {"type": "Dropout"},
    {"type": "Linear", "out_features": 4},
    {"type": "Tanh"},
    {"type": "Linear", "out_features": 3},
]
OPTIMIZERS = {
    "SGD": {"momentum": 0.9},
    "Adam": {"weight_decay": 0.1},
    "NAdam": {},  # Each trial makes its steps with its own optimizer.
    "RMSprop": {},
    "Adagrad": {},
}
CALLBACKS = {
    "always": [{"type": "Freeze", "layers": "0"}],
    "for some epochs": [{"type": "Freeze", "layers": "0", "until": 3}],
    "with several ends": [
        {"type": "Freeze", "layers": ["0", "1"], "until": 4},
        {"type": "Freeze", "parameters": "*.bias", "until": 2},
        {"type": "EarlyStopping", "patience": 1},
    ],
    "with clipping": [{"type": "Freeze", "layers": "5", "until": 3}, {"type": "GradientClipping", "max_norm": 0.1}],
}
CASES = [(optimizer, callbacks) for optimizer in OPTIMIZERS for callbacks in CALLBACKS]
SAMPLE = [("SGD", "for some epochs"), ("Adam", "with several ends"), ("NAdam", "with clipping"), ("RMSprop", "always")]
SPACE = {"optimizer.lr": {"low": 0.001, "high": 0.1, "log": True}, "run.seed": [0, 1]}
SECTIONS = {"model": {"type": "Sequential", "layers": LAYERS}, "run": {**FLOAT64["run"], "epochs": 5}}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("optimizer", "callbacks"), sampled(CASES, SAMPLE, name=tuple))
def test_parameters_are_frozen_as_in_trials_alone(optimizer, callbacks, tmp_path):
    own = {"optimizer": {"type": optimizer, **OPTIMIZERS[optimizer]}, "callbacks": CALLBACKS[callbacks]}
    alone, together = both(tmp_path, SPACE, sections={**SECTIONS, **own})
    assert [one.together for one in together.records] == [4] * 4
    assert_close(alone, together, rel=1e-6)  # The gradient of a bias before a batch normalization is rounding.


@pytest.mark.filterwarnings("ignore")
def test_trials_that_freeze_for_other_epochs_form_other_stacks(tmp_path):
    space = {**SPACE, "callbacks.0.until": [2, 3]}
    sections = {**SECTIONS, "callbacks": CALLBACKS["for some epochs"]}
    alone, together = both(tmp_path, space, sections=sections, trials=6, vectorize=6)
    assert sorted({one.together for one in together.records}) != [6]
    assert_close(alone, together, rel=1e-6)
