"""Metrics in the preflight."""

from pathlib import Path

import pytest

import hookline
from hookline.training.preflight import metrics, preflight

SPECS = Path(__file__).parents[4] / "specs"


def test_an_unfit_metric_is_reported_before_anything_is_written(tmp_path):
    made = hookline.load(SPECS / "iris.toml", ["metrics.Accuracy.top_k=4"])
    with pytest.raises(hookline.errors.MismatchError, match="top_k") as raised:
        hookline.train(made, out=tmp_path / "run")
    assert raised.value.path == ("metrics", 0, "top_k")
    assert not (tmp_path / "run").exists()


def test_the_rows_of_the_preflight_do_not_count_in_metrics(tmp_path, monkeypatch):
    made = hookline.load(SPECS / "iris.toml", ["run.epochs=1"])
    tried = []
    monkeypatch.setattr(preflight, "unfit_metrics", lambda *given: tried.append(metrics.unfit_metrics(*given)) or [])
    first = hookline.train(made, out=tmp_path / "tried").history
    assert tried == [[]]
    monkeypatch.setattr(preflight, "unfit_metrics", lambda *given: [])
    assert hookline.train(made, out=tmp_path / "not").history == first
