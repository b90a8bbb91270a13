"""The lines of the training: the loop over epochs and batches, and the final numbers."""

from typing import TYPE_CHECKING

from hookline.data.batches import length_of
from hookline.ejection.batch_lines import BatchLines
from hookline.ejection.evaluation_lines import EvaluationLines
from hookline.ejection.limit_lines import PERIODS
from hookline.ejection.mean_lines import MeanLines
from hookline.ejection.objective_lines import ObjectiveLines
from hookline.plugins.stages import Run
from hookline.script.python import indented, literal
from hookline.script.script import Script
from hookline.training.means.scalars import READ_EVERY

if TYPE_CHECKING:
    from hookline.training.preparation import Prepared


def add_training(script: Script, run: Run, made: "Prepared", objective: ObjectiveLines) -> None:
    """Add the evaluation, the loop and the result."""
    splits = made.data.splits()
    lengths = [length_of(batches) for batches in splits.values()]
    is_long = any(length is None or length * objective.accumulate > READ_EVERY for length in lengths)
    batch, means = BatchLines(script, run, made, objective), MeanLines(script, objective, is_long=is_long)
    EvaluationLines(batch, means).add()
    LoopLines(script, batch, means, has_validation="validation" in splits).add(run)
    _add_result(script, run, list(splits))


class LoopLines:
    """Writes the training loop."""

    def __init__(self, script: Script, batch: BatchLines, means: MeanLines, *, has_validation: bool):
        """Take the lines of a batch, and those of the mean loss."""
        self._script, self._loop, self._batch, self._means = script, script.loop, batch, means
        self._has_validation = has_validation

    def add(self, run: Run) -> None:
        """Add the loop, after the functions that it calls."""
        script, loop = self._script, self._loop
        batch = self._of_batch(is_closure=run.spec.optimizer.needs_closure)
        if loop.has_periods:
            script.use("from itertools import chain, islice")
            script.add("train", PERIODS)
        over = "periods(epoch)" if loop.has_periods else 'batches("training", epoch)'
        record = [
            self._means.start,
            f"for {self._batch.variables} in {'period' if loop.has_periods else over}:",
            *indented(batch),
            *self._recorded(),
        ]
        ends = self._if_ends([*loop.limits, *loop.stop])
        if loop.has_periods:
            record = [f"for period in {over}:", *indented([*record, *ends]), *loop.after_epoch]
        before = ["history = []", *(["step = 0"] if loop.counts_steps else []), *loop.before]
        epochs = ["for epoch in range(1, EPOCHS + 1):", *indented([*loop.epoch, *record, *ends])]
        script.add("train", "\n".join([*before, *epochs, *loop.after]))

    def _if_ends(self, conditions: list[str]) -> list[str]:
        if len(conditions) > 1:
            conditions = [f"({one})" if " and " in one else one for one in conditions]
        return [f"if {' or '.join(conditions)}:", "    break"] if conditions else []

    def _of_batch(self, *, is_closure: bool) -> list[str]:
        """The lines of a batch: its gradients, a step, and what is noted of it."""
        loop, noted = self._loop, self._means.noted(are_parts=self._batch.objective.accumulate > 1)
        gradients, step = self._gradients(is_closure=is_closure)
        made = [*loop.step, *step, *loop.after_step]
        if loop.skips:
            lines = [*gradients, *loop.nested([*made, *noted]), *loop.after_batch]
        else:
            lines = [*gradients, *made, *loop.after_batch, *noted]
        return [*loop.batch, *lines, *(["step += 1"] if loop.counts_steps else []), *self._if_ends(loop.limits)]

    def _gradients(self, *, is_closure: bool) -> tuple[list[str], list[str]]:
        """The lines that compute the gradients of a batch, and those that make a step, with the function they call."""
        if not (is_closure or self._loop.needs_gradients or self._batch.objective.accumulate > 1):
            return self._batch.gradients(), ["optimizer.step()"]
        self._script.add("train", self._batch.function_of_gradients(is_closure=is_closure))
        arguments, found = ", ".join(self._batch.names.all), self._batch.found
        if not is_closure:
            return [f"{', '.join(['loss', *found])} = gradients({arguments})"], ["optimizer.step()"]
        self._script.use("from functools import partial")
        step = [f"loss = optimizer.step(partial(gradients, {arguments}))"]
        if found:
            step = ["evaluations = []", *step, f"{', '.join(found)} = evaluations[0]"]
        return [], step

    def _recorded(self) -> list[str]:
        """The lines that evaluate the validation rows and add a record to the history."""
        loop, mean = self._loop, self._means.mean
        first = '"epoch": epoch, "step": step' if loop.has_periods else '"epoch": epoch'
        if self._batch.objective.names:
            lines = [
                f"record = {{{first}}}",
                f'record |= {{f"training/{{name}}": value for name, value in {mean}.items()}}',
            ]
        else:
            lines = [f'record = {{{first}, "training/loss": {mean}}}']
        if self._has_validation:
            evaluated = 'record |= {f"validation/{name}": value for name, value in evaluate("validation").items()}'
            lines += loop.if_validated([*loop.before_evaluation, evaluated, *loop.after_evaluation])
        lines += [*loop.record, "history.append(record)"]
        lines.append('print(", ".join(f"{name} {value:.6g}" for name, value in record.items()))')
        return [*lines, *loop.after_record]


def _add_result(script: Script, run: Run, splits: list[str]) -> None:
    """Add the final evaluation, and save the weights."""
    names = ["test"] if "test" in splits else []
    replaced = any(callback.replaces_weights for callback in run.spec.callbacks)
    if (replaced or script.loop.validated_if) and "validation" in splits:
        names.insert(0, "validation")
    if run.spec.run.evaluate_training:
        names.append("training")
    lines = []
    if names:
        listed = ", ".join(map(literal, names))
        evaluated = f"split: evaluate(split) for split in ({listed})"
        lines += [
            f"results = {{{evaluated if len(names) > 1 else f'{listed}: evaluate({listed})'}}}",
            "for split, numbers in results.items():",
            '    print(f"{split}:", ", ".join(f"{name} {value:.6g}" for name, value in numbers.items()))',
        ]
    lines.append('torch.save(model.state_dict(), "model.pt")')
    script.add("result", "\n".join(lines))
