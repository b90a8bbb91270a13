"""The lines of the training: the evaluation of a split, the loop, and the final numbers."""

import re
from typing import TYPE_CHECKING

from hookline.data.batches import length_of
from hookline.ejection.objective_lines import ObjectiveLines
from hookline.plugins.stages import Run
from hookline.script.python import indented, literal
from hookline.script.script import Script
from hookline.training.apply_model import is_applied_to_each
from hookline.training.means import READ_EVERY

if TYPE_CHECKING:
    from hookline.training.preparation import Prepared

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

MEAN_OF_MANY = '''
def mean_loss(losses, rows):
    """Return the mean loss over rows, given the losses of batches and their numbers of rows, added in parts."""
    losses, rows = torch.tensor(losses, dtype=torch.float64), torch.tensor(rows, dtype=torch.float64)
    total = divisor = 0.0
    for some, of_rows in zip(losses.split(1024), rows.split(1024), strict=True):
        total += float((torch.where(of_rows > 0, some, 0.0) * of_rows).sum())
        divisor += float(of_rows.sum())
    return total / divisor if divisor else float("nan")
'''

TOTAL = '''
def total_loss(losses):
    """Return the sum of the losses of batches."""
    return float(torch.tensor(losses, dtype=torch.float64).sum())
'''

CAT = '''
def joined(parts):
    """Return the tensors of all batches as one, or a dictionary of them."""
    if isinstance(parts[0], dict):
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return torch.cat(parts)
'''


def add_training(script: Script, run: Run, made: "Prepared", objective: ObjectiveLines) -> None:
    """Add the evaluation, the loop and the result."""
    training = TrainingLines(script, run, made, objective)
    training.add_evaluation()
    training.add_loop()
    training.add_result()


class TrainingLines:
    """Writes the evaluation and the loop."""

    def __init__(self, script: Script, run: Run, made: "Prepared", objective: ObjectiveLines):
        """Take what the lines depend on."""
        self.script, self.run, self.made, self.objective = script, run, made, objective
        self.names = script.batch
        self.splits = made.data.splits()

    @property
    def variables(self) -> str:
        """The variables of a batch, for a `for` statement."""
        names = self.names.all
        return f"{names[0]}," if len(names) == 1 else ", ".join(names)

    @property
    def forward(self) -> str:
        """The outputs of the model for a batch."""
        inputs, lengths = self.names.inputs, self.names.lengths
        wanted = self.run.objective.inputs
        if is_applied_to_each(inputs, wanted):
            parts = ", ".join(
                f"{literal(name)}: {self._applied((inputs[name],), lengths.get(name))}" for name in wanted
            )
            return f"{{{parts}}}"
        if len(lengths) > 1:
            listed = ", ".join(f"{literal(name)}: {variable}" for name, variable in lengths.items())
            return self._applied(tuple(inputs.values()), f"{{{listed}}}")
        return self._applied(tuple(inputs.values()), next(iter(lengths.values()), None))

    def _applied(self, inputs: tuple[str, ...], lengths: str | None) -> str:
        takes_lengths = lengths is not None and getattr(self.made.model, "takes_lengths", False)
        return f"model({', '.join(inputs)}{f', lengths={lengths}' if takes_lengths else ''})"

    def loss_lines(self) -> list[str]:
        """The lines that compute `loss` from a batch; the outputs have a name if they are used several times."""
        return self._mixed_lines() if self.script.loop.mixed else self.compared_lines(self.forward)

    def _mixed_lines(self) -> list[str]:
        """The lines that mix the rows of a batch, and their losses with the same share."""
        loop, [x], [y] = self.script.loop, self.names.inputs.values(), self.names.targets.values()
        lines = self.objective.lines("outputs")
        [line] = lines
        loss = line.removeprefix("loss = ")
        other = loss.replace(f", {y})", f", {y}[order])")
        if loop.mixes_always:
            return [
                f"order, share = {loop.mixed}({x}, step)",
                f"outputs = {self.forward}",
                f"loss = share * {loss} + (1 - share) * {other}",
            ]
        return [
            f"mixed = {loop.mixed}({x}, step)",
            f"outputs = {self.forward}",
            line,
            "if mixed is not None:",
            "    order, share = mixed",
            f"    loss = share * loss + (1 - share) * {other}",
        ]

    def compared_lines(self, forward: str) -> list[str]:
        """The lines that compute `loss`, given the code of the outputs."""
        lines = self.objective.lines("outputs")
        if self.objective.members is not None:
            return [f"outputs = {forward}", *self._of_members(lines)]
        if "\n".join(lines).count("outputs") == 1:
            return [line.replace("outputs", forward) for line in lines]
        return [f"outputs = {forward}", *lines]

    def _of_members(self, lines: list[str]) -> list[str]:
        """Each member of an ensemble has rows of its own, which follow each other."""
        targets = {
            name: f"{name}.repeat_interleave({self.objective.members}, dim=0)" for name in self.names.targets.values()
        }
        made = "\n".join(lines).replace("outputs", "outputs.flatten(0, 1)")
        for name, repeated in targets.items():
            made = made.replace(f", {name})", f", {repeated})")
        return made.splitlines()

    def add_means(self) -> str:
        """Add the function that computes the mean loss, and return the statement that notes the divisor of a batch."""
        divisor = self.objective.divisor()
        assert divisor is not None
        lengths = [length_of(batches) for batches in self.splits.values()]
        is_long = any(length is None or length > READ_EVERY for length in lengths)
        if divisor.divisor is None:
            self.script.define(TOTAL)
            return ""
        self.script.define(MEAN_OF_MANY if is_long else MEAN_OF_SOME if divisor.is_tensor else MEAN)
        return divisor.divisor

    def add_evaluation(self) -> None:
        """Add the function `evaluate`, which returns the loss and the metrics of a split."""
        rows = self.add_means()
        metrics, names = self.objective.metrics, self.objective.objective.names
        self._mean = "mean_loss(losses, rows)" if rows else "total_loss(losses)"
        self._rows = rows
        forward = self.forward
        keeps = bool(metrics)
        lines = [f"for {self.variables} in batches(split):"]
        if keeps or self.objective.members is not None or names:
            body = [f"outputs = {forward}", *self._evaluated()]
        else:
            body = self.compared_lines(forward)
        body += ["losses.append(loss.item())", *([f"rows.append({rows})"] if rows else [])]
        if names:
            body += ["each.append([term.item() for term in terms.values()])"]
        if keeps:
            kept = self._kept
            body += [f"seen.append(({', '.join(kept)}))" if len(kept) > 1 else "seen.append(outputs)"]
        lists = ["losses", *(["rows"] if rows else []), *(["each"] if names else []), *(["seen"] if keeps else [])]
        start = f"{', '.join(lists)} = {', '.join(['[]'] * len(lists))}"
        made = [start, "with torch.no_grad():", *indented(lines), *indented(body, 2), "model.train()"]
        numbers = {"loss": self._mean}
        if keeps:
            made += self._joined()
            named = self.objective.named_predictions()
            made += [f"{name} = {code}" for code, name in named.items()]
            for code, name in named.items():
                metrics = {label: metric.replace(code, name) for label, metric in metrics.items()}
        extra = []
        if names:
            extra = self._terms()
        numbers |= metrics
        listed = [f"    {literal(name)}: {code}," for name, code in numbers.items()]
        if extra:
            made += ["return {", f'    "loss": {self._mean},', *extra, *listed[1:], "}"]
        else:
            made += ["return {", *listed, "}"] if len(listed) > 1 else [f'return {{"loss": {self._mean}}}']
        what = "the mean loss" if rows else "the total loss"
        text = [
            "def evaluate(split):",
            f'    """Return {what} of a split{" and its metrics" if metrics else ""}."""',
            "    model.eval()",
            *indented(made),
        ]
        self.script.add("metrics", "\n".join(text))

    def _terms(self) -> list[str]:
        """The mean of each loss of `[losses]`."""
        return [
            f"    {literal(f'loss[{name}]')}: {self._mean.replace('(losses', f'([one[{index}] for one in each]')},"
            for index, name in enumerate(self.objective.objective.names)
        ]

    def _evaluated(self) -> list[str]:
        lines = self.objective.lines("outputs")
        return lines if self.objective.members is None else self._of_members(lines)

    @property
    def _kept(self) -> list[str]:
        """The variables of a batch that the metrics need."""
        code = "\n".join(self.objective.metrics.values())
        return ["outputs", *(name for name in self.names.all if re.search(rf"\b{name}\b", code))]

    def _joined(self) -> list[str]:
        """The lines that join outputs and targets of all batches."""
        names = self._kept
        if self.objective.has_several_outputs or (
            len(self.names.inputs) > 1 and is_applied_to_each(self.names.inputs, self.run.objective.inputs)
        ):
            self.script.define(CAT)
            function = "joined"
        else:
            function = "torch.cat"
        if len(names) == 1:
            return [f"outputs = {function}(seen)"]
        return [f"{', '.join(names)} = ({function}(parts) for parts in zip(*seen, strict=True))"]

    def add_loop(self) -> None:
        """Add the training loop."""
        script, loop = self.script, self.script.loop
        steps = self._steps()
        noted = ["losses.append(loss.item())", *([f"rows.append({self._rows})"] if self._rows else [])]
        names = self.objective.objective.names
        if names:
            noted.append("each.append([term.item() for term in terms.values()])")
        lists = ["losses", *(["rows"] if self._rows else []), *(["each"] if names else [])]
        batch = (
            [*loop.batch, *steps, *noted]
            if not loop.skip
            else [*loop.batch, *steps[: self._gradients], *loop.nested([*steps[self._gradients :], *noted])]
        )
        if loop.counts_steps:
            batch.append("step += 1")
        body = [
            *loop.epoch,
            f"{', '.join(lists)} = {', '.join(['[]'] * len(lists))}",
            f'for {self.variables} in batches("training", epoch):',
            *indented(batch),
            *self._recorded(),
        ]
        before = ["history = []", *(["step = 0"] if loop.counts_steps else []), *loop.before]
        script.add("train", "\n".join([*before, "for epoch in range(1, EPOCHS + 1):", *indented(body), *loop.after]))

    def _steps(self) -> list[str]:
        """The lines that compute the gradients of a batch and make a step."""
        loop = self.script.loop
        if self.run.spec.optimizer.needs_closure or loop.needs_gradients:
            arguments = ", ".join(self.names.all)
            self.script.add(
                "train",
                "\n".join(
                    [
                        f"def gradients({arguments}):",
                        '    """Compute the gradients of a batch, and return its loss."""',
                        "    optimizer.zero_grad()",
                        *indented(self.loss_lines()),
                        "    loss.backward()",
                        "    return loss",
                    ]
                ),
            )
            if not self.run.spec.optimizer.needs_closure:
                self._gradients = 1
                return [f"loss = gradients({arguments})", *loop.step, "optimizer.step()", *loop.after_step]
            self.script.use("from functools import partial")
            self._gradients = 0
            return [*loop.step, f"loss = optimizer.step(partial(gradients, {arguments}))", *loop.after_step]
        lines = ["optimizer.zero_grad()", *self.loss_lines(), "loss.backward()"]
        self._gradients = len(lines)
        return [*lines, *loop.step, "optimizer.step()", *loop.after_step]

    def _recorded(self) -> list[str]:
        """The lines that evaluate the validation rows and add a record to the history."""
        loop, lines = self.script.loop, []
        if self.objective.objective.names:
            lines = [
                'record = {"epoch": epoch}',
                f'record["training/loss"] = {self._mean}',
                *(
                    f"record[{literal(f'training/loss[{name}]')}] = "
                    f"{self._mean.replace('(losses', f'([one[{index}] for one in each]')}"
                    for index, name in enumerate(self.objective.objective.names)
                ),
            ]
        else:
            lines = [f'record = {{"epoch": epoch, "training/loss": {self._mean}}}']
        if "validation" in self.splits:
            lines += [
                *loop.before_evaluation,
                'record |= {f"validation/{name}": value for name, value in evaluate("validation").items()}',
                *loop.after_evaluation,
            ]
        lines += [*loop.record, "history.append(record)"]
        lines.append('print(", ".join(f"{name} {value:.6g}" for name, value in record.items()))')
        lines += loop.after_record
        for condition in loop.stop:
            lines += [f"if {condition}:", "    break"]
        return lines

    def add_result(self) -> None:
        """Add the final evaluation, and save the weights."""
        names = ["test"] if "test" in self.splits else []
        if any(callback.replaces_weights for callback in self.run.spec.callbacks) and "validation" in self.splits:
            names.insert(0, "validation")
        if self.run.spec.run.evaluate_training:
            names.append("training")
        lines = []
        if names:
            listed = ", ".join(map(literal, names))
            comma = "," if len(names) == 1 else ""
            lines += [
                f"results = {{split: evaluate(split) for split in ({listed}{comma})}}",
                "for split, numbers in results.items():",
                '    print(f"{split}:", ", ".join(f"{name} {value:.6g}" for name, value in numbers.items()))',
            ]
        lines.append('torch.save(model.state_dict(), "model.pt")')
        self.script.add("result", "\n".join(lines))
