import hookline
from hookline.spec.walk import walk

TABLE = {
    "data": {"type": "Random", "features": 2, "targets": [0, 1]},
    "model": {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 1}]},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD"},
}


def test_walk_reaches_every_value_by_its_path():
    found = dict(walk(hookline.load(TABLE)))
    assert type(found[()]).__name__ == "TrainingSpec"
    assert type(found["model", "layers", 0]).__name__ == "Linear"
    assert (found["model", "layers", 0, "out_features"], found["data", "targets", 1]) == (1, 1)


def test_walk_can_skip_the_components_in_a_component():
    spec = hookline.load(TABLE)
    paths = {path for path, _ in walk(spec.model, ("model",), own=True)}
    assert {("model",), ("model", "layers")} <= paths
    assert ("model", "layers", 0) not in paths
