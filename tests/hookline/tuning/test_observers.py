import pytest
from tuning import tuned

import hookline
from hookline_data.csv import CSV


@pytest.mark.parametrize(
    ("space", "options", "times"),
    [
        ({"optimizer.lr": [0.01, 0.02, 0.03]}, {}, 1),
        ({"data.batch_size": [16, 32, 48]}, {}, 1),
        ({"data.batch_size": [16, 32], "data.standardize": [True, False]}, {}, 2),
        ({"optimizer.lr": [0.01, 0.02]}, {"seeds": 2}, 2),
    ],
    ids=str,
)
def test_rows_are_read_once_unless_the_space_changes_them(space, options, times, tmp_path, monkeypatch):
    prepare, calls = CSV.prepare, []
    monkeypatch.setattr(CSV, "prepare", lambda self, *given: (calls.append(self), prepare(self, *given))[1])
    study = hookline.tune(tuned(space, type="GridSearch", **{"trials": 4, **options}), out=tmp_path / "one")
    assert len(calls) == times
    monkeypatch.undo()
    last = study.records[-1]
    alone = hookline.train(hookline.load(study.root / f"trial-{last.number}" / "spec.toml"), out=tmp_path / "alone")
    assert last.trainings[0].results == [alone.metrics["validation/loss"]]


def test_batches_of_another_size_that_leave_none_are_refused_as_when_they_are_read(tmp_path):
    spec = tuned({"data.batch_size": [32, 512], "data.drop_last": [True]}, type="GridSearch")
    study = hookline.tune(spec, out=tmp_path / "one")
    assert [record.state for record in study.records] == ["finished", "failed"]
    assert "`drop_last` leaves no batch" in study.records[1].reason
