"""The lines of the function `evaluate`, which computes the loss and the metrics of a split."""

import re

from hookline.ejection.batch_lines import BatchLines
from hookline.ejection.mean_lines import MeanLines
from hookline.script.python import indented, literal

CAT = '''
def joined(parts):
    """Return the tensors of all batches as one, or a dictionary of them."""
    if isinstance(parts[0], dict):
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return torch.cat(parts)
'''


class EvaluationLines:
    """Writes the function `evaluate`."""

    def __init__(self, batch: BatchLines, means: MeanLines):
        """Take the lines of a batch, and those of the mean loss."""
        self._batch, self._means, self._objective = batch, means, batch.objective
        self._metrics = self._objective.metrics

    def add(self) -> None:
        """Add the function."""
        what = f"the {'total' if self._means.divisor.count is None else 'mean'} loss of a split"
        what += " and its metrics" if self._metrics else ""
        lines = [
            "def evaluate(split):",
            f'    """Return {what}."""',
            *indented(["model.eval()", *self._passed(), "model.train()", *self._returned()]),
        ]
        self._batch.script.add("metrics", "\n".join(lines))

    def _passed(self) -> list[str]:
        """The lines that compute the losses of all batches, and keep what the metrics need."""
        start, noted = self._means.start, self._means.noted()
        if self._metrics:
            left, _, right = start.partition(" = ")
            start = f"{left}, seen = {right}, []"
            kept = self._kept
            noted = [*noted, f"seen.append(({', '.join(kept)}))" if len(kept) > 1 else "seen.append(outputs)"]
        keeps = bool(self._metrics or self._objective.names)
        body = [*self._batch.loss_lines(keeps_outputs=keeps), *noted]
        loop = [f"for {self._batch.variables} in batches(split):", *indented(body)]
        return [start, "with torch.no_grad():", *indented(loop)]

    def _returned(self) -> list[str]:
        """The lines that return the means and the metrics, by their names."""
        mean, named, metrics = self._means.mean, self._objective.named_predictions(), self._metrics
        if not metrics:
            return [f"return {mean}" if self._objective.names else f'return {{"loss": {mean}}}']
        for code, name in named.items():
            metrics = {label: metric.replace(code, name) for label, metric in metrics.items()}
        return [
            *self._joined(),
            *(f"{name} = {code}" for code, name in named.items()),
            "return {",
            f"    **{mean}," if self._objective.names else f'    "loss": {mean},',
            *(f"    {literal(name)}: {code}," for name, code in metrics.items()),
            "}",
        ]

    @property
    def _kept(self) -> list[str]:
        """The variables of a batch that the metrics need."""
        code = "\n".join(self._metrics.values())
        return ["outputs", *(name for name in self._batch.names.all if re.search(rf"\b{name}\b", code))]

    def _joined(self) -> list[str]:
        """The lines that join outputs and targets of all batches."""
        names, function = self._kept, "torch.cat"
        if self._objective.has_several_outputs or (
            len(self._batch.names.inputs) > 1 and self._batch.is_applied_to_each
        ):
            self._batch.script.define(CAT)
            function = "joined"
        if len(names) == 1:
            return [f"outputs = {function}(seen)"]
        return [f"{', '.join(names)} = ({function}(parts) for parts in zip(*seen, strict=True))"]
