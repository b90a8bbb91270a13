import json
from pathlib import Path

import pytest
import torch
import torchmetrics
from torch import nn

import hookline

SPECS = Path(__file__).parent.parent.parent / "specs"


class Witness:
    """A plugin that compares each answer of `evaluate` with what the whole split gives at once."""

    def __init__(self, judge):
        self.judge = judge
        self.seen = []
        self.random_states = []

    @hookline.hookimpl(wrapper=True)
    def evaluate(self, run, model, criterion, batches, split):
        before = torch.get_rng_state()
        answer = yield
        assert torch.equal(torch.get_rng_state(), before)
        assert all(module.training for module in [*model.modules(), *criterion.modules()])
        rows = list(batches.epoch(run.epoch))
        inputs, targets = (torch.cat([getattr(batch, name) for batch in rows]) for name in ("input", "target"))
        model.eval()
        with torch.no_grad():
            self.seen.append((split, len(rows), answer, self.judge(model(inputs), targets)))
        model.train()
        return answer


def seen(spec, judge, out):
    witness = Witness(judge)
    trial = hookline.train(spec, plugins=[witness], out=out)
    return trial, witness.seen


def close(expected):
    return pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "criterion"),
    [
        ({}, nn.CrossEntropyLoss()),
        ({"weight": [1, 2, 5]}, nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 5.0]))),
        ({"ignore_index": 1}, nn.CrossEntropyLoss(ignore_index=1)),
        ({"reduction": "sum"}, nn.CrossEntropyLoss(reduction="sum")),
        (
            {"weight": [1, 2, 5], "ignore_index": 1, "label_smoothing": 0.2},
            nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 5.0]), ignore_index=1, label_smoothing=0.2),
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("batch_size", [7, 1000])
def test_the_loss_of_batches_is_that_of_all_rows_at_once(loss, criterion, batch_size, tmp_path):
    table = ", ".join(f"{name}={json.dumps(value)}" for name, value in loss.items())
    spec = hookline.load(
        SPECS / "iris.toml",
        [
            "run.epochs=2",
            f"data.batch_size={batch_size}",
            "data.stratify=false",
            "data.split_seed=4",
            f"loss={{type='CrossEntropyLoss'{', ' if table else ''}{table}}}",
        ],
    )
    trial, judgements = seen(spec, criterion, tmp_path / "run")
    assert [split for split, *_ in judgements] == ["validation", "validation", "test"]
    for _, batches, answer, expected in judgements:
        assert batches == (5 if batch_size == 7 else 1)
        assert answer["loss"] == close(float(expected))
    assert trial.metrics["validation/loss"] == judgements[1][2]["loss"]
    assert trial.metrics["test/loss"] == judgements[2][2]["loss"]


def test_a_batch_in_which_no_row_counts_does_not_count(tmp_path):
    spec = hookline.load(SPECS / "iris.toml", ["run.epochs=1", "data.test=0.0", "loss.ignore_index=0"])
    rows = spec.data.path.read_text().splitlines()
    (tmp_path / "judged.csv").write_text("\n".join([rows[0], *rows[1:31], *rows[51:71]]) + "\n")
    spec = hookline.load(
        SPECS / "iris.toml",
        [
            "run.epochs=1",
            "data.test=0.0",
            "data.stratify=false",
            f"data.validation={str(tmp_path / 'judged.csv')!r}",
            "loss.ignore_index=0",
        ],
    )
    _, [(_, batches, answer, expected)] = seen(spec, nn.CrossEntropyLoss(ignore_index=0), tmp_path / "run")
    assert batches == 4
    assert answer["loss"] == close(float(expected))


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_metrics_are_those_of_the_predictions_for_all_rows(batch_size, tmp_path):
    spec = hookline.load(SPECS / "breast_cancer.toml", ["run.epochs=2", f"data.batch_size={batch_size}"])
    names = ("Accuracy", "F1Score", "AUROC")

    def judge(outputs, targets):
        metrics = (getattr(torchmetrics, name)(task="binary") for name in names)
        return [float(metric(outputs.sigmoid(), targets.int())) for metric in metrics]

    _, judgements = seen(spec, judge, tmp_path / "run")
    # In the end also what EarlyStopping has put into the model.
    assert [split for split, *_ in judgements] == ["validation", "validation", "validation", "test"]
    for _, _, answer, expected in judgements:
        assert list(answer) == ["loss", *names]
        assert [answer[name] for name in names] == expected


def test_dropout_and_batch_norm_are_as_in_use_and_learn_nothing(tmp_path):
    layers = [{"type": "BatchNorm1d"}, {"type": "Dropout"}, {"type": "Linear", "out_features": 3}]
    table = ", ".join("{" + ", ".join(f"{k}={v!r}" for k, v in layer.items()) + "}" for layer in layers)
    spec = hookline.load(
        SPECS / "iris.toml", ["run.epochs=3", f"model.layers=[{table}]", "data.batch_size=9", "metrics=[]"]
    )
    trial, judgements = seen(spec, nn.CrossEntropyLoss(), tmp_path / "run")
    for _, _, answer, expected in judgements:
        assert answer["loss"] == close(float(expected))
    assert trial.model[0].num_batches_tracked == 3 * len(trial.data.training)


def test_a_record_is_kept_in_memory_and_as_a_line_of_json(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "iris.toml", ["run.epochs=3"]), out=tmp_path / "run")
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(trial.history)
    assert [list(record) for record in trial.history] == [
        ["epoch", "step", "training/loss", "validation/loss", "validation/Accuracy", "validation/F1Score"]
    ] * 3
    assert [record["step"] for record in trial.history] == [6, 12, 18]


def test_a_metric_that_cannot_judge_a_split_is_told_with_its_name(tmp_path):
    (tmp_path / "one.csv").write_text("\n".join((SPECS / "data/diabetes.csv").read_text().splitlines()[:2]) + "\n")
    spec = hookline.load(SPECS / "diabetes.toml", ["run.epochs=1", f"data.validation={str(tmp_path / 'one.csv')!r}"])
    with pytest.raises(hookline.MisfitError, match="R2Score cannot judge the validation split"):
        hookline.train(spec, out=tmp_path / "run")
