import json

from tuning import tuned

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.runs.study import claimed, trial_directory, write_record
from hookline.spec import TrialRecord
from hookline.spec.dump import plain
from hookline.spec.training import SEVERAL
from hookline.tuning.opening import new_study
from hookline.tuning.running import RunningTrials


def test_trials_that_a_process_has_claimed_are_shown_with_their_last_epoch(tmp_path):
    document = documents.from_table(plain(tuned(), tmp_path), lists=SEVERAL)
    study = new_study(Loader().load(document), Loader(), document, tmp_path / "one")
    running = RunningTrials(study)
    with claimed(study.root, 2), claimed(study.root, 3):
        assert running.found() == []  # They have no values yet.
        for number in (1, 2, 3):
            trial_directory(study.root, number).mkdir(exist_ok=True)
            write_record(study.root, TrialRecord(number=number, values={"data.batch_size": number}))
        log = trial_directory(study.root, 3) / "metrics.jsonl"
        lines = [
            json.dumps({"epoch": epoch, "validation/loss": 1 / epoch, "rest": "x" * 900}) for epoch in range(1, 51)
        ]
        log.write_text("\n".join(lines) + '\n{"epoch": 51, "va')
        found = [(one.number, one.values, one.epoch, one.result) for one in running.found()]
        assert found == [(2, {"data.batch_size": 2}, 0, None), (3, {"data.batch_size": 3}, 50, 0.02)]
        study.ended[3] = TrialRecord(number=3, values={}, state="finished")
        assert [one.number for one in running.found()] == [2]
    assert running.found() == []
