import json
import math
from pathlib import Path

import pytest
import torch
from sklearn import metrics as sklearn
from torch import nn

import hookline

SPECS = Path(__file__).parents[2] / "specs"


class Witness:
    """A plugin that compares each answer of `evaluate` with the result for the whole split at once."""

    def __init__(self, expected_loss):
        self.expected_loss = expected_loss
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
            self.seen.append((split, len(rows), answer, self.expected_loss(model(inputs), targets)))
        model.train()
        return answer


def seen(spec, expected_loss, out):
    witness = Witness(expected_loss)
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
def test_the_loss_over_batches_equals_the_loss_of_all_rows(loss, criterion, batch_size, tmp_path):
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
    trial, evaluations = seen(spec, criterion, tmp_path / "run")
    assert [split for split, *_ in evaluations] == ["validation", "validation", "test", "training"]
    for split, batches, answer, expected in evaluations:
        assert batches == (1 if batch_size == 1000 else 13 if split == "training" else 5)
        assert answer["loss"] == close(float(expected))
    assert trial.metrics["validation/loss"] == evaluations[1][2]["loss"]
    assert trial.metrics["test/loss"] == evaluations[2][2]["loss"]
    assert trial.metrics["training/loss"] == evaluations[3][2]["loss"]


def test_a_batch_whose_rows_are_all_ignored_does_not_count(tmp_path):
    spec = hookline.load(SPECS / "iris.toml", ["run.epochs=1", "data.test=0.0", "loss.ignore_index=0"])
    rows = spec.data.path.read_text().splitlines()
    (tmp_path / "evaluated.csv").write_text("\n".join([rows[0], *rows[1:31], *rows[51:71]]) + "\n")
    spec = hookline.load(
        SPECS / "iris.toml",
        [
            "run.epochs=1",
            "data.test=0.0",
            "data.stratify=false",
            f"data.validation={str(tmp_path / 'evaluated.csv')!r}",
            "loss.ignore_index=0",
        ],
    )
    _, [(_, batches, answer, expected), _] = seen(spec, nn.CrossEntropyLoss(ignore_index=0), tmp_path / "run")
    assert batches == 4
    assert answer["loss"] == close(float(expected))


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_metrics_equal_those_of_the_predictions_for_all_rows(batch_size, tmp_path):
    spec = hookline.load(SPECS / "breast_cancer.toml", ["run.epochs=2", f"data.batch_size={batch_size}"])
    names = ("Accuracy", "F1Score", "AUROC")

    def expected_loss(outputs, targets):
        predicted, true, scores = (rows[:, 0].double().numpy() for rows in (outputs >= 0, targets, outputs))
        return [
            sklearn.accuracy_score(true, predicted),
            sklearn.f1_score(true, predicted),
            sklearn.roc_auc_score(true, scores),
        ]

    _, evaluations = seen(spec, expected_loss, tmp_path / "run")
    # The best epoch is the last, so the validation results of the weights that EarlyStopping keeps are known.
    assert [split for split, *_ in evaluations] == ["validation", "validation", "test", "training"]
    for _, _, answer, expected in evaluations:
        assert list(answer) == ["loss", *names]
        assert [answer[name] for name in names] == pytest.approx(expected, rel=1e-14)


def test_dropout_and_batch_norm_are_in_evaluation_mode(tmp_path):
    layers = [{"type": "BatchNorm1d"}, {"type": "Dropout"}, {"type": "Linear", "out_features": 3}]
    table = ", ".join("{" + ", ".join(f"{k}={v!r}" for k, v in layer.items()) + "}" for layer in layers)
    spec = hookline.load(
        SPECS / "iris.toml", ["run.epochs=3", f"model.layers=[{table}]", "data.batch_size=9", "metrics=[]"]
    )
    trial, evaluations = seen(spec, nn.CrossEntropyLoss(), tmp_path / "run")
    for _, _, answer, expected in evaluations:
        assert answer["loss"] == close(float(expected))
    assert trial.model[0].num_batches_tracked == 3 * len(trial.data.training)


def test_a_record_is_kept_in_memory_and_written_as_a_line_of_json(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "iris.toml", ["run.epochs=3"]), out=tmp_path / "run")
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(trial.history)
    assert [list(record) for record in trial.history] == [
        ["epoch", "step", "training/loss", "validation/loss", "validation/Accuracy", "validation/F1Score"]
    ] * 3
    assert [record["step"] for record in trial.history] == [6, 12, 18]


def one_row(tmp_path, split):
    (tmp_path / "one.csv").write_text("\n".join((SPECS / "data/diabetes.csv").read_text().splitlines()[:2]) + "\n")
    return hookline.load(SPECS / "diabetes.toml", ["run.epochs=2", f"data.{split}={str(tmp_path / 'one.csv')!r}"])


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_metric_is_nan_for_too_few_rows_and_the_model_is_kept(split, tmp_path):
    with pytest.warns(hookline.HooklineWarning) as warned:
        trial = hookline.train(one_row(tmp_path, split), out=tmp_path / "run")
    assert list(dict.fromkeys(str(warning.message) for warning in warned)) == [
        f"metrics[0]: R2Score needs at least 2 rows, but the {split} split has 1 row: it will be NaN.",
        f"metrics[0]: R2Score is NaN on the {split} split. It needs finite predictions, at least 2 rows, and "
        f"more rows than `adjusted` + 1.",
    ]
    assert math.isnan(trial.metrics[f"{split}/R2Score"])
    assert json.loads((tmp_path / "run/result.json").read_text())["metrics"][split]["R2Score"] is None
    assert (tmp_path / "run/model.safetensors").is_file()


def test_a_metric_that_fails_is_reported_with_its_name(tmp_path, monkeypatch):
    def fail(self, predictions, targets):
        raise ValueError("There is no number.")

    spec = hookline.load(SPECS / "diabetes.toml", ["run.epochs=1"])
    monkeypatch.setattr(type(spec.metrics[0]), "prepare", fail)
    monkeypatch.setattr("hookline.training.preflight.preflight.unfit_metrics", lambda *given: [])
    with pytest.raises(
        hookline.errors.MismatchError,
        match=r"R2Score cannot be computed on the validation split\. There is no number\.",
    ):
        hookline.train(spec, out=tmp_path / "run")


def test_scores_are_ranked_and_probabilities_are_compared_with_thresholds(tmp_path):
    table = "{type='AUROC'}, {type='AUROC', name='at', thresholds=[0.5]}, {type='Accuracy'}"
    spec = hookline.load(
        SPECS / "breast_cancer.toml",
        [
            "run.epochs=2",
            "data.standardize=false",
            "model={type='Linear', out_features=1}",
            "optimizer={type='SGD', lr=1e-3}",
            "callbacks=[]",
            f"metrics=[{table}]",
        ],
    )

    def expected_loss(outputs, targets):
        assert (outputs.abs() > 20).double().mean() > 0.9, "Most probabilities round to 0 or 1."
        true = targets.double()[:, 0].numpy()
        reported = [sklearn.roc_auc_score(true, rows.double()[:, 0].numpy()) for rows in (outputs, outputs >= 0)]
        return [*reported, sklearn.accuracy_score(true, (outputs >= 0)[:, 0].double().numpy())]

    _, evaluations = seen(spec, expected_loss, tmp_path / "run")
    for _, _, answer, expected in evaluations:
        assert [answer[name] for name in ("AUROC", "at", "Accuracy")] == pytest.approx(expected, rel=1e-14)
        assert answer["AUROC"] > 0.9
