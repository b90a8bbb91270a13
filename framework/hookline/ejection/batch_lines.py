"""The lines of a batch: its outputs, its loss and its gradients, whole or in parts."""

import re
from typing import TYPE_CHECKING

from hookline.ejection.objective_lines import ObjectiveLines
from hookline.plugins.stages import Run
from hookline.script.lines import BatchNames
from hookline.script.python import indented, literal
from hookline.script.script import Script
from hookline.training.build.apply_model import is_applied_to_each

if TYPE_CHECKING:
    from hookline.training.preparation import Prepared


class BatchLines:
    """Writes what is computed of one batch."""

    def __init__(self, script: Script, run: Run, made: "Prepared", objective: ObjectiveLines):
        """Take what the lines depend on."""
        self.script, self.run, self.made, self.objective = script, run, made, objective
        self.names = script.batch

    @property
    def variables(self) -> str:
        """The variables of a batch, for a `for` statement."""
        names = self.names.all
        return f"{names[0]}," if len(names) == 1 else ", ".join(names)

    @property
    def is_applied_to_each(self) -> bool:
        """Whether the model is applied to each group of inputs separately."""
        return is_applied_to_each(self.names.inputs, self.run.objective.inputs)

    @property
    def forward(self) -> str:
        """The outputs of the model for a batch."""
        inputs, lengths = self.names.inputs, self.names.lengths
        if self.is_applied_to_each:
            parts = ", ".join(
                f"{literal(name)}: {self._applied((inputs[name],), lengths.get(name))}"
                for name in self.run.objective.inputs
            )
            return f"{{{parts}}}"
        if getattr(self.made.model, "takes_lengths_by_group", False):
            listed = ", ".join(f"{literal(name)}: {variable}" for name, variable in lengths.items())
            return self._applied(tuple(inputs.values()), f"{{{listed}}}")
        return self._applied(tuple(inputs.values()), next(iter(lengths.values()), None))

    def _applied(self, inputs: tuple[str, ...], lengths: str | None) -> str:
        takes_lengths = lengths is not None and getattr(self.made.model, "takes_lengths", False)
        return f"model({', '.join(inputs)}{f', lengths={lengths}' if takes_lengths else ''})"

    def statements(self, batch: BatchNames | None = None) -> tuple[list[str], str]:
        """Return the lines before the loss of `outputs`, and the loss. The members of an ensemble are rows."""
        if (members := self.objective.members) is None:
            return self.objective.statements(batch=batch)
        repeated = (batch or self.names).changed(f".repeat_interleave({members}, dim=0)")
        return self.objective.statements("outputs.flatten(0, 1)", repeated)

    def loss_lines(self, name: str = "loss", *, keeps_outputs: bool = False) -> list[str]:
        """Return the lines that compute the loss of a batch; the outputs have a name if they are used several times."""
        before, loss = self.statements()
        lines = [*before, f"{name} = {loss}"]
        if not keeps_outputs and "\n".join(lines).count("outputs") == 1:
            return [line.replace("outputs", self.forward) for line in lines]
        return [f"outputs = {self.forward}", *lines]

    def mixed_lines(self, name: str = "loss") -> list[str]:
        """Return the lines that mix the rows of a batch, and their losses with the same share."""
        loop, [x] = self.script.loop, self.names.inputs.values()
        before, own = self.statements()
        # The terms that are noted are those of the own rows, which are computed last.
        others, other = self._of_others()
        mixed = f"{loop.mixed}({x}, step)"
        if loop.mixes_always and not loop.mixed_if:
            lines = [f"order, share = {mixed}", f"outputs = {self.forward}", *others, *before]
            return [*lines, f"{name} = share * {in_brackets(own)} + (1 - share) * {other}"]
        mixed += f" if {loop.mixed_if} else None" if loop.mixed_if else ""
        mixes = f"{name} = share * {name} + (1 - share) * {other}"
        lines = [f"mixed = {mixed}", f"outputs = {self.forward}"]
        if not others:
            return [*lines, f"{name} = {own}", "if mixed is not None:", *indented(["order, share = mixed", mixes])]
        lines += ["if mixed is not None:", *indented(["order, share = mixed", *others])]
        return [*lines, *before, f"{name} = {own}", "if mixed is not None:", *indented([mixes])]

    def _of_others(self) -> tuple[list[str], str]:
        """Return the lines before the loss of the rows that are mixed in, and that loss."""
        before, loss = self.statements(self.names.changed("[order]"))
        if not before:
            return [], in_brackets(loss)
        if "counts[" not in "\n".join(before):
            before = [line for line in before if not line.startswith("counts = ")]
        return [*before, f"other = {loss}"], "other"

    def training_lines(self, name: str = "loss") -> list[str]:
        """Return the lines that compute the loss of a batch in training."""
        return self.mixed_lines(name) if self.script.loop.mixed else self.loss_lines(name)

    def gradients(self) -> list[str]:
        """Return the lines that compute the gradients of a batch."""
        return ["optimizer.zero_grad()", *self.training_lines(), "loss.backward()"]

    @property
    def found(self) -> list[str]:
        """The variables of a batch that are noted besides its loss: the terms of the loss, and their counts."""
        found = ["terms", "counts"] if self.objective.has_counts else ["terms"]
        return found[: len(self.objective.names) and 2]

    def function_of_gradients(self, *, is_closure: bool) -> str:
        """Return a function that computes the gradients of a batch, and returns its loss, with what else is noted.

        A closure returns only the loss, and adds the rest to a list.
        """
        found, is_whole = self.found, self.objective.accumulate == 1
        lines = self.gradients() if is_whole else ["optimizer.zero_grad()", *self._accumulated()]
        what = "its loss"
        if found and is_closure:
            kept = found[0] if len(found) == 1 else f"({', '.join(found)})"
            lines.append(f"evaluations.append({kept})")
        elif found:
            what = "its loss with the terms of it"
        returned = "loss" if is_closure else ", ".join(["loss", *found])
        return "\n".join(
            [
                f"def gradients({', '.join(self.names.all)}):",
                f'    """Compute the gradients of a batch{"" if is_whole else " in parts"}, and return {what}."""',
                *indented([*lines, f"return {returned}"]),
            ]
        )

    def _accumulated(self) -> list[str]:
        """The lines that add up the gradients of the parts of a batch, each with its share of the loss."""
        divisor, found = self.objective.divisor(), self.found
        chunks = ", ".join(f"{name}.chunk(ACCUMULATE)" for name in self.names.all)
        start = ["loss = 0.0"] if divisor.divisor is None else [f"loss, total = 0.0, {divisor.divisor}"]
        start += [f"{', '.join(found)} = {', '.join(['[]'] * len(found))}"] if found else []
        parts = f"zip({chunks}, strict=True)"
        over = "parts"
        if divisor.may_be_zero and not found:  # The loss of a part without counted rows is 0 / 0.
            parts, over = f"list({parts})", "counted or parts[:1]"
            start.append(f"parts = {parts}")
            start.append(f"counted = [({self.variables}) for {self.variables} in parts if {divisor.divisor}]")
        else:
            start.append(f"parts = {parts}")
        return [*start, f"for {self.variables} in {over}:", *indented(self._of_part())]

    def _of_part(self) -> list[str]:
        """The lines that add the gradients of a part."""
        divisor, lines = self.objective.divisor(), self.training_lines("part")
        if self.found:  # The names of the lists of all parts.
            lines = [re.sub(r"\b(terms|counts)\b( = {|\[)", r"its_\1\2", line) for line in lines]
        if divisor.divisor is not None:
            share = f"{divisor.divisor} / total"
            share = f"({share} if total else 1.0)" if divisor.may_be_zero else share
            head, _, loss = lines[-1].partition(" = ")
            if head == "part" and loss == in_brackets(loss):
                lines[-1] = f"part = {share} * {loss}"
            else:
                lines.append(f"part = {share} * part")
        lines += ["part.backward()", "loss += part.detach()"]
        if self.found:
            lines += ["terms.append({name: term.item() for name, term in its_terms.items()})"]
            lines += ["counts.append(its_counts)"]
        return lines


def in_brackets(code: str) -> str:
    """Return an expression in brackets, if it is a sum or a product."""
    return f"({code})" if " + " in code or " * " in code else code
