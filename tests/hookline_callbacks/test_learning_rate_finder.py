"""Learning rates are tried as in a loop by hand, and training begins as if they had not been."""

import csv

from images_by_hand import EPOCHS, batches, network, same, step, trained


def test_learning_rates_are_tried_and_training_begins_as_if_they_had_not(tmp_path):
    trial = trained(tmp_path, {"type": "LearningRateFinder", "steps": 30})
    plain = trained(tmp_path)
    assert same(trial.model, plain.model)
    assert trial.history == plain.history
    with (trial.directory / "learning_rate.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["lr"]) == 1e-6
    assert sum(row["is_steepest"] == "true" for row in rows) == 1
    assert (trial.directory / "learning_rate.png").stat().st_size > 5000
    [found] = [float(row["lr"]) for row in rows if row["is_steepest"] == "true"]
    assert trial.told == (f"The loss falls fastest with the learning rate {found:.3g}: learning_rate.png shows it.",)


def test_the_learning_rate_that_was_found_is_used_on_request(tmp_path):
    trial = trained(tmp_path, {"type": "LearningRateFinder", "steps": 30, "use": True})
    with (trial.directory / "learning_rate.csv").open(newline="") as file:
        [found] = [float(row["lr"]) for row in csv.DictReader(file) if row["is_steepest"] == "true"]
    model, optimizer = network()
    for group in optimizer.param_groups:
        group["lr"] = found
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
    assert same(trial.model, model)
