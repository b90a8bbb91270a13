from types import SimpleNamespace

import pytest
from small_training import small

import hookline
from hookline_callbacks import time_budget
from hookline_callbacks.time_budget import Paced


class Clock:
    """A clock that is advanced manually."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def after(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time_budget, "monotonic", clock)
    return clock


def test_ten_thousand_short_epochs_spend_five_percent_of_the_time_on_pictures(clock):
    made, drawn = Paced(SimpleNamespace(every=None)), []
    for epoch in range(10_000):
        clock.after(0.01)

        def draw(epoch=epoch):
            drawn.append(epoch)
            clock.after(0.12)

        made.do(draw)
    made.finish()
    training, drawing = 10_000 * 0.01, len(drawn) * 0.12
    assert drawn[-1] == 9999
    assert 0.04 <= drawing / (training + drawing) <= 0.0512  # 5 %, plus the last one.
    made.finish()
    assert drawn.count(9999) == 1


def test_all_epochs_are_drawn_if_they_are_long_or_every_is_set(clock):
    long, always, drawn = Paced(SimpleNamespace(every=None)), Paced(SimpleNamespace(every=1)), []
    for epoch in range(3):
        always.do(lambda epoch=epoch: drawn.append(("always", epoch)))
        clock.after(6.0)
        long.do(lambda epoch=epoch: drawn.append(("long", epoch)))
    assert drawn == [(which, epoch) for epoch in range(3) for which in ("always", "long")]


@pytest.mark.parametrize("name", ["ConfusionMatrix", "Predictions"])
@pytest.mark.parametrize(("options", "pictures"), [({}, ["0004"]), ({"every": 2}, ["0002", "0004"])])
def test_short_epochs_have_all_tables_and_the_last_picture(name, options, pictures, clock, tmp_path):
    digits = {"type": "NPZ", "path": str(tmp_path / "images.npz"), "inputs": "x", "targets": "y", "validation": 0.5}
    import numpy

    numpy.savez(tmp_path / "images.npz", x=numpy.zeros((8, 1, 4, 4), "float32"), y=numpy.arange(8) % 2)
    model = {"type": "Sequential", "layers": [{"type": "Flatten"}, {"type": "Linear", "out_features": 2}]}
    spec = small({"type": name, **options}, epochs=4, data=digits, model=model)
    hookline.train(spec, out=tmp_path / "run")
    home = tmp_path / "run" / ("predictions" if name == "Predictions" else "confusion_matrix")
    tables = ["0002", "0004"] if options else ["0001", "0002", "0003", "0004"]
    assert sorted(path.stem for path in home.glob("*.csv")) == [f"epoch-{number}" for number in tables]
    assert sorted(path.stem for path in home.glob("*.png")) == [f"epoch-{number}" for number in pictures]
