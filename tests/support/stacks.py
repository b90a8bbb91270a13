"""Studies of the same trials, one by one and in stacks."""

import pytest
from tuning import tuned

import hookline

FLOAT64 = {"run": {"epochs": 3, "name": "stacked", "evaluate_training": False, "dtype": "float64"}}


def both(tmp_path, space, *, sections=None, trials=4, vectorize=4, plugin=None, **tuner):
    """The studies of a spec with and without `vectorize`, which choose the same trials and end them for the same reasons.

    `plugin` is the class of an additional plugin.
    """
    sections = {**FLOAT64, **(sections or {})}
    common = {"sections": sections, "trials": trials, "synchronous": vectorize, "baseline": False, **tuner}
    alone, together = (
        hookline.tune(spec, out=tmp_path / name, plugins=() if plugin is None else [plugin()])
        for name, spec in (
            ("alone", tuned(space, **common)),
            ("together", tuned(space, **common, vectorize=vectorize)),
        )
    )
    known = [
        [(dict(one.values), one.state, one.reason, one.epochs) for one in study.records] for study in (alone, together)
    ]
    assert known[1] == known[0]
    return alone, together


def assert_close(alone, together, rel=1e-9):
    """Assert that the trials of two studies have the same curves and results up to rounding."""
    for one, other in zip(alone.records, together.records, strict=True):
        assert other.curve == pytest.approx(one.curve, rel=rel)
        pairs = [[(each.seed, each.fold, each.epoch) for each in record.trainings] for record in (one, other)]
        assert pairs[1] == pairs[0]
        for first, second in zip(one.trainings, other.trainings, strict=True):
            assert second.results == pytest.approx(first.results, rel=rel)
        assert (other.results is None) == (one.results is None)
        assert one.results is None or other.results == pytest.approx(one.results, rel=rel)
