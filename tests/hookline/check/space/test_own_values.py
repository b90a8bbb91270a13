import pytest
from tuning import RANGE, tuned

from hookline.check.load import Loader
from hookline.check.space.own_values import own_values
from hookline.check.toml import document as documents
from hookline.spec.dump import plain
from hookline.spec.training import SEVERAL


def own(space, directory, **sections):
    spec = tuned(space, trials=1, sections=sections)
    document, loader = documents.from_table(plain(spec, directory), lists=SEVERAL), Loader()
    return own_values(document, loader.load(document).tune.space, loader.load)


ADAM = {"type": "Adam", "lr": RANGE}
SGD = {"type": "SGD", "lr": RANGE, "momentum": {"low": 0.0, "high": 0.9}}


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        ({"optimizer.lr": RANGE}, {"optimizer.lr": 0.01}),
        ({"optimizer.lr": {"low": 0.02, "high": 0.1}}, None),
        ({"data.batch_size": {"low": 32, "high": 128, "step": 32}}, {"data.batch_size": 64}),
        ({"data.batch_size": {"low": 60, "high": 70, "step": 5}}, None),
        ({"data.batch_size": [32, 64]}, {"data.batch_size": 64}),
        ({"optimizer.weight_decay": {"low": 0.0, "high": 0.1}}, {"optimizer.weight_decay": 0.0}),
        ({"optimizer": [SGD, ADAM]}, {"optimizer": "Adam", "optimizer.Adam.lr": 0.01}),
        ({"optimizer": [SGD, {**ADAM, "weight_decay": 0.1}]}, None),
        ({"optimizer": [SGD, {"type": "Adam"}]}, None),
        ({"optimizer.lr": RANGE, "data.batch_size": [16]}, None),
        ({"metrics": [[], [{"type": "Accuracy"}]]}, {"metrics": 1}),
        ({"data.standardize": [True, False]}, {"data.standardize": True}),
    ],
)
def test_the_values_with_which_a_trial_is_the_spec_itself(space, expected, tmp_path):
    assert own(space, tmp_path) == expected


def test_a_choice_must_set_every_option_that_the_spec_sets(tmp_path):
    changed = {"type": "Adam", "lr": 0.01, "weight_decay": 0.1}
    assert own({"optimizer": [SGD, ADAM]}, tmp_path, optimizer=changed) is None
    both = [ADAM, {**ADAM, "weight_decay": 0.1}]
    assert own({"optimizer": both}, tmp_path, optimizer=changed) == {"optimizer": 1, "optimizer.1.lr": 0.01}


def test_a_path_may_be_that_of_a_layer_by_its_type(tmp_path):
    layers = [
        {"type": "Linear", "out_features": 8},
        {"type": "Dropout", "p": 0.2},
        {"type": "Linear", "out_features": 3},
    ]
    space = {"model.layers.Dropout.p": {"low": 0.0, "high": 0.5, "step": 0.1}}
    found = own(space, tmp_path, model={"type": "Sequential", "layers": layers})
    assert found == {"model.layers.Dropout.p": 0.2}
