from types import SimpleNamespace

import pytest
import torch
from tuning import tuned

import hookline
from hookline.runs.plan.layers import Layer
from hookline.tuning.stacked import sizes
from hookline.tuning.stacked.sizes import FEWEST, LARGEST, divided, size_of_outputs


@pytest.mark.parametrize(
    ("members", "size", "lengths"),
    [
        (32, 0, [32]),
        (32, LARGEST // 32, [32]),
        (32, LARGEST // 16, [16, 16]),
        (32, LARGEST // 11, [11, 11, 10]),
        (32, LARGEST, [FEWEST] * 8),
        (3, LARGEST, [3]),
    ],
)
def test_stacks_are_small_enough_and_of_about_equal_length(members, size, lengths):
    found = divided(range(members), size)
    assert [len(one) for one in found] == lengths
    assert [number for one in found for number in one] == list(range(members))


def test_the_size_is_that_of_the_outputs_of_all_layers_for_a_batch():
    layers = [Layer(name="0", type="Linear", output=(4, 2), parameters=3)]
    layers += [
        Layer(name=str(index), type="ReLU", output=output, parameters=0) for index, output in enumerate([(), None])
    ]
    parts = SimpleNamespace(
        model=torch.nn.Linear(1, 1).double(), data=SimpleNamespace(training=SimpleNamespace(batch_size=5))
    )
    assert size_of_outputs(parts, layers) == 5 * 8 * (4 * 2 + 1)


def test_trials_with_large_outputs_form_several_stacks_of_equal_optimizers(monkeypatch, tmp_path):
    monkeypatch.setattr(sizes, "LARGEST", 4 * 64 * 4 * 3)  # The outputs of four trials with three classes.
    kinds = [
        {"type": "SGD", "lr": {"choices": [0.1, 0.2, 0.3, 0.4]}},
        {"type": "Adam", "lr": {"choices": [0.1, 0.2, 0.3, 0.4]}},
    ]
    spec = tuned({"optimizer": kinds}, type="GridSearch", trials=8, vectorize=8)
    study = hookline.tune(spec, out=tmp_path / "study")
    assert [one.together for one in study.records] == [4] * 8
