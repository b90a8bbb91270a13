"""The predictions of a loss as expressions of torch, for `hookline eject`."""

from hookline.script.lines import BatchNames, PredictionNames
from hookline.script.script import Script
from hookline.spec.families.loss.loss import LossSpec

LOG_ODDS = '''
def log_odds(scores):
    """Return log(p / (1 - p)) of each class, which ranks rows as its probability p does, even where p rounds to 1."""
    logs = scores.double().log_softmax(dim=1)
    best = logs.argmax(dim=1, keepdim=True)
    others = logs.scatter(1, best, -torch.inf).logsumexp(dim=1, keepdim=True)
    return logs - torch.log1p(-logs.exp()).scatter(1, best, others)
'''


def classes_of(script: Script, predictions: str, scores: str, batch: BatchNames) -> PredictionNames:
    """Return expressions for predicted classes, given those of their probabilities and of their scores."""
    truth = batch.target or ""
    script.define_if_used(LOG_ODDS)
    return PredictionNames(predictions=predictions, scores=f"log_odds({scores})", truth=truth, distribution=truth)


def prediction_names(loss: LossSpec, script: Script, outputs: str, batch: BatchNames) -> PredictionNames:
    """Return expressions for the predictions of a loss with one output, by its `activation`."""
    predictions = {
        "sigmoid": f"{outputs}.sigmoid()",
        "softmax": f"{outputs}.softmax(dim=1)",
        "exp": f"{outputs}.exp()" if loss.predicts == "numbers" else f"{outputs}.exp().clamp(max=1)",
    }.get(loss.activation, outputs)
    scores = outputs
    if loss.offers == "classes" and loss.activation not in ("identity", "criterion"):
        script.define_if_used(LOG_ODDS)
        scores = f"log_odds({outputs})"
    truth = batch.target or ""
    undo = batch.undo.get(next(iter(batch.targets), ""), "")
    if undo:
        predictions, truth = f"{undo}({predictions})", f"{undo}({truth})"
        scores = predictions
    return PredictionNames(predictions=predictions, scores=scores, truth=truth, distribution=truth, outputs=outputs)
