from types import SimpleNamespace

from hookline.cli.output.trial_lines import TrialDisplay
from hookline.runs.study import StudyPlan
from hookline.spec import Range, Space, TrialRecord


def test_a_row_is_the_best_so_far_compared_with_the_rows_above(capsys):
    losses = {1: 0.5, 2: 0.4, 3: 0.3, 4: 0.35}
    records = [TrialRecord(number=n, values={"lr": n}, state="finished", results=[loss]) for n, loss in losses.items()]
    study = SimpleNamespace(
        plan=StudyPlan(trials=9, monitors=("validation/loss",), maximized=(False,)),
        tuner=SimpleNamespace(space=Space({"lr": Range(low=1, high=9)})),
        spec=SimpleNamespace(run=SimpleNamespace(name="many")),
        root="runs/many/1",
        is_complete=False,
        ended={1: records[0]},
        records=records,
    )
    with TrialDisplay(study) as display:
        for record in records[1:]:  # All of them have ended together.
            display.add(record)
    rows = capsys.readouterr().out.splitlines()[-3:]
    assert [row.split()[0] for row in rows] == ["*", "*", "4"]
