"""The lines that note the losses of batches, and compute their mean: see `hookline.training.means`."""

from hookline.ejection.objective_lines import ObjectiveLines
from hookline.script.python import literal
from hookline.script.script import Script
from hookline.training.means.scalars import READ_EVERY

MEAN = '''
def mean_loss(losses, rows):
    """Return the mean loss over rows, given the losses of batches and their numbers of rows."""
    losses, rows = torch.tensor(losses, dtype=torch.float64), torch.tensor(rows, dtype=torch.float64)
    return float((losses * rows).sum()) / float(rows.sum())
'''

MEAN_OF_SOME = '''
def mean_loss(losses, rows):
    """Return the mean loss over rows, given the losses of batches and what each is divided by; NaN if that is 0."""
    losses, rows = torch.tensor(losses, dtype=torch.float64), torch.tensor(rows, dtype=torch.float64)
    losses = torch.where(rows > 0, losses, 0.0)
    return float((losses * rows).sum()) / float(rows.sum()) if rows.any() else float("nan")
'''

MEAN_OF_MANY = f'''
def mean_loss(losses, rows):
    """Return the mean loss over rows, given the losses of batches and their numbers of rows, added in parts."""
    losses, rows = torch.tensor(losses, dtype=torch.float64), torch.tensor(rows, dtype=torch.float64)
    total = divisor = 0.0
    for some, of_rows in zip(losses.split({READ_EVERY}), rows.split({READ_EVERY}), strict=True):
        total += float((torch.where(of_rows > 0, some, 0.0) * of_rows).sum())
        divisor += float(of_rows.sum())
    return total / divisor if divisor else float("nan")
'''

TOTAL = '''
def total_loss(losses):
    """Return the sum of the losses of batches."""
    return float(torch.tensor(losses, dtype=torch.float64).sum())
'''

TOTAL_OF_MANY = f'''
def total_loss(losses):
    """Return the sum of the losses of batches, added in parts."""
    return sum(float(some.sum()) for some in torch.tensor(losses, dtype=torch.float64).split({READ_EVERY}))
'''


class MeanLines:
    """Notes the losses of batches in lists, from which the mean over a split or an epoch is computed.

    The lists are `losses`; `rows`, what each of them is divided by; and for `[losses]` the values of `each` loss and
    what these were divided by, in `counted`.
    """

    def __init__(self, script: Script, objective: ObjectiveLines, *, is_long: bool):
        """Add the functions that compute means; `is_long` says that losses are added in parts, as the run does it."""
        self._objective = objective
        self.divisor = objective.divisor()
        """What the loss of a batch is divided by."""
        self._add_functions(script, is_long=is_long)
        self.lists = ["losses"]
        """The names of the lists."""
        self.lists += [] if self.divisor.count is None else ["rows"]
        self.lists += ["each"] if objective.names else []
        self.lists += ["counted"] if objective.has_counts else []
        if objective.names:
            script.define(self._function_of_several(script))

    def _add_functions(self, script: Script, *, is_long: bool) -> None:
        lines = [self.divisor, *(self._objective.terms.values() if self._objective.has_counts else ())]
        if any(one.divisor is None for one in lines):
            script.define(TOTAL_OF_MANY if is_long else TOTAL)
        if any(one.divisor is not None for one in lines):
            are_some = any(one.is_tensor for one in lines)
            script.define(MEAN_OF_MANY if is_long else MEAN_OF_SOME if are_some else MEAN)

    @property
    def start(self) -> str:
        """The statement that makes the lists."""
        return f"{', '.join(self.lists)} = {', '.join(['[]'] * len(self.lists))}"

    def noted(self, *, are_parts: bool = False) -> list[str]:
        """Return the lines that note a batch, whose loss is `loss`; with `are_parts`, there are terms of its parts."""
        lines = ["losses.append(loss.item())"]
        lines += [] if self.divisor.count is None else [f"rows.append({self.divisor.count})"]
        if not self._objective.names:
            return lines
        if are_parts:
            return [*lines, "each += terms", "counted += counts"]
        lines.append("each.append({name: term.item() for name, term in terms.items()})")
        return [*lines, *(["counted.append(counts)"] if self._objective.has_counts else [])]

    @property
    def mean(self) -> str:
        """The mean of the loss; for `[losses]` a dictionary of all means."""
        function = "mean_losses" if self._objective.names else _function(self.divisor.count)
        return f"{function}({', '.join(self.lists)})"

    def _function_of_several(self, script: Script) -> str:
        """Return the function that computes the mean of the sum, and that of each loss."""
        objective = self._objective
        total = f"{_function(self.divisor.count)}(losses{'' if self.divisor.count is None else ', rows'})"
        if not objective.has_counts:
            mean = total.replace("losses", "[terms[name] for terms in each]", 1)
            lines = [
                f'means = {{f"loss[{{name}}]": {mean} for name in each[0]}}',
                f'return {{"loss": {total}, **means}}',
            ]
        else:
            lines = ["means = {", *(f"    {literal(name)}: {self._mean_of(name)}," for name in objective.terms), "}"]
            lines += [f"loss = {total}", *self._corrections(script)]
            lines.append('return {"loss": loss, **{f"loss[{name}]": mean for name, mean in means.items()}}')
        text = f"def mean_losses({', '.join(self.lists)}):\n"
        text += '    """Return the mean of the loss, and that of each of its terms."""\n'
        return text + "\n".join(f"    {line}" for line in lines)

    def _mean_of(self, name: str) -> str:
        values, counts = f"[terms[{literal(name)}] for terms in each]", self._objective.terms[name].count
        if counts is None:
            return f"total_loss({values})"
        return f"mean_loss({values}, [counts[{literal(name)}] for counts in counted])"

    def _corrections(self, script: Script) -> list[str]:
        """The lines that replace the mean over rows of a loss that is divided by something else by its own mean."""
        lines = []
        for name, factor in self._objective.objective.corrected.items():
            over_rows = f"mean_loss([terms[{literal(name)}] for terms in each], rows)"
            difference = f"means[{literal(name)}] - {over_rows}"
            line = f"loss += {difference}" if factor == 1.0 else f"loss += {literal(factor)} * ({difference})"
            if self._objective.terms[name].may_be_zero:
                script.use("import math")
                lines += [f"if not math.isnan(means[{literal(name)}]):", f"    {line}"]
            else:
                lines.append(line)
        return lines


def _function(divisor: str | None) -> str:
    return "total_loss" if divisor is None else "mean_loss"
