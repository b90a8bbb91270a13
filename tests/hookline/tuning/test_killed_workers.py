"""Workers of a study are killed: a part of the proof `studies` of `make verify`."""

import json

import postgres
import pytest
from exactness import studies
from killed_process import killed_at
from tuning import tuned

import hookline
from hookline.cli.main import main

pytestmark = pytest.mark.filterwarnings("ignore")


FEW = {**studies.TOGETHER, "trials": 12}


def test_no_trial_is_lost_or_counted_twice_in_a_directory():
    result = studies.prove([FEW], 3, 0.4, servers=[None])
    assert result.failures == []
    assert result.cases == 12


@pytest.mark.skipif(postgres.MISSING is not None, reason=str(postgres.MISSING))
def test_no_trial_is_lost_or_counted_twice_in_a_database(monkeypatch):
    pytest.importorskip("psycopg")
    from hookline_tune.postgresql import trials

    monkeypatch.setattr(trials, "GRACE", 1.5)
    with postgres.running() as server:
        result = studies.prove([FEW], 3, 0.4, servers=[server])
    assert result.failures == []
    assert result.cases == 2 * 12
    assert result.counts["crashes of the server"] == 1


def test_files_of_a_study_are_never_torn(tmp_path):
    with studies.undrawn():
        spec = tuned(trials=3, epochs=1)
        expected = studies.told(hookline.tune(spec, out=tmp_path / "whole").root)
        point, killed = 0, 0
        while killed_at(point, lambda: hookline.tune(spec, out=tmp_path / str(point))):  # noqa: B023 - It runs at once.
            root = tmp_path / str(point)
            for path in [*root.glob("study.json"), *root.glob("*/trial.json")]:
                json.loads(path.read_text())
            if (root / "study.json").exists():
                assert main(["tune", "--resume", str(root), "--quiet"]) == 0
                assert studies.told(root) == expected
                killed += 1
            point += 29
        assert killed > 2
