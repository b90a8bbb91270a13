import pytest
from small_training import small

import hookline
from hookline.serving.predictor import Predictor


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    trial = hookline.train(small(epochs=2), out=tmp_path_factory.mktemp("served") / "run")
    return hookline.open_run(trial.directory)


@pytest.fixture(scope="session")
def predictor(run):
    return Predictor(run)
