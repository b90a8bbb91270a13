"""Sequences, pairs, triplets and embeddings are evaluated by their errors and distances."""

import csv
import json

import pytest
import torch
from sklearn.metrics import roc_auc_score
from small_training import SPECS
from torch import nn

import hookline
from hookline.cli.main import main
from hookline.data import Batch, Target
from hookline.spec import LossSpec, Objective, spec
from hookline.trained.evaluation.gathering import Gathering
from hookline_losses.sequence import CTCLoss


def gathered(loss, known, *batches):
    """A gathering of these outputs and targets."""
    objective = Objective.of(loss)
    gathering = Gathering(objective, {"target": known}, with_scores=False)
    for outputs, target in batches:
        batch = Batch({"x": outputs}, {"target": target})
        gathering.add(objective.predict(nn.Identity(), outputs, batch), len(outputs))
    return gathering


def steps(*paths):
    """Outputs whose most probable path is this one."""
    return nn.functional.one_hot(torch.tensor(paths), 4).float().log_softmax(dim=2)


def test_errors_of_sequences_are_counted_over_batches_and_the_worst_come_first():
    known = Target(columns=("word",), classes=("", "a", "b", "c"))
    first = steps([1, 0, 2, 0], [1, 1, 0, 0]), torch.tensor([[1, 2, -1], [1, 2, 3]])
    second = steps([0, 0, 0, 0], [3, 0, 3, 2]), torch.tensor([[1, -1, -1], [3, 1, 2]])
    found = gathered(CTCLoss(), known, first, second).sequences()["target"]
    assert (found.rows, found.right, found.length, found.empty) == (4, 1, 9, 1)
    assert (found.substituted, found.missing, found.extra) == (1, 3, 0)
    assert found.by_errors.tolist() == [1, 2, 1]
    assert [(one.row, one.truth, one.predicted, one.errors) for one in found.worst] == [
        (3, "a", "", 1),
        (2, "abc", "a", 2),
        (4, "cab", "ccb", 1),
    ]
    assert [found.symbols[index] for index in found.occurring()] == ["a", "b", "c"]
    named = [(found.symbols[a], found.symbols[b], count) for a, b, count in found.confusion.most_confused()]
    assert named == [("a", "c", 1), ("a", "(nothing)", 1), ("b", "(nothing)", 1), ("c", "(nothing)", 1)]


@spec
class Embedding(LossSpec):
    """A loss of embeddings with the class of each row."""

    offers = "embeddings"
    encoding = hookline.data.Classes()


def test_all_pairs_of_embeddings_are_compared():
    torch.manual_seed(0)
    outputs, classes = torch.randn(12, 3), torch.tensor([0, 1, 2] * 4)
    known = Target(columns=("kind",), classes=("a", "b", "c"))
    batches = (outputs[:5], classes[:5]), (outputs[5:], classes[5:])
    found = gathered(Embedding(), known, *batches).distances()["target"]
    distance = (outputs.double().unsqueeze(0) - outputs.double().unsqueeze(1)).norm(dim=2)
    triplets = [
        bool(distance[anchor, near] < distance[anchor, far])
        for anchor in range(12)
        for near in range(12)
        for far in range(12)
        if near != anchor and classes[near] == classes[anchor] != classes[far]
    ]
    assert (found.right, found.triplets) == (sum(triplets), len(triplets))
    assert [len(values) for values in found.groups.values()] == [18, 48]


@pytest.mark.parametrize("name", ["CosineEmbeddingLoss", "HingeEmbeddingLoss", "TripletMarginLoss"])
def test_distances_agree_with_the_metrics(name, tmp_path, capsys):
    hookline.train(hookline.load(SPECS / f"losses/{name}.toml", ["run.epochs=1"]), out=tmp_path / "run")
    assert main(["evaluate", str(tmp_path / "run"), "--format", "json", "--plots", str(tmp_path / "plots")]) == 0
    shown = json.loads(capsys.readouterr().out)
    found = shown["distances"]["target"]
    with (tmp_path / "plots/distances.csv").open() as file:
        rows = list(csv.DictReader(file))
    quantity = found["quantity"]
    if name == "TripletMarginLoss":
        assert found["in_order"] / found["triplets"] == shown["metrics"]["Accuracy"]
        assert found["groups"]["positive"]["mean"] < found["groups"]["negative"]["mean"]
    else:
        sign = 1 if name == "CosineEmbeddingLoss" else -1
        scores = [sign * float(row[quantity]) for row in rows]
        area = roc_auc_score([row["group"] == "same" for row in rows], scores)
        assert area == pytest.approx(shown["metrics"]["AUROC"], rel=1e-9)
    assert sum(group["rows"] for group in found["groups"].values()) == len(rows)
    assert {"distances.png", "distances.csv", "distance_histogram.csv"} <= {
        path.name for path in (tmp_path / "plots").iterdir()
    }


def test_sequences_agree_with_the_metrics_and_are_in_the_report(tmp_path, capsys):
    trial = hookline.train(hookline.load(SPECS / "losses/CTCLoss.toml", ["run.epochs=2"]), out=tmp_path / "run")
    found = hookline.open_run(tmp_path / "run").evaluation().sequences["target"]
    assert found.right / found.rows == trial.metrics["test/SequenceAccuracy"]
    assert found.errors / found.length == trial.metrics["test/SymbolErrorRate"]
    assert main(["evaluate", str(tmp_path / "run"), "--plots"]) == 0
    assert f"{found.right} of 250 sequences without an error" in capsys.readouterr().out.replace("\n  ", " ")
    names = {path.name for path in (tmp_path / "run/evaluation-test").iterdir()}
    assert names == {"confusion.csv", "confusion.png", "errors.csv", "errors.png", "symbols.csv", "worst.csv"}
    assert main(["report", str(tmp_path / "run"), "-o", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    assert "250 sequences, of which" in page
    assert "The most frequent errors:" in page
