"""The training loop of a script, with the places to which callbacks add lines."""

from attrs import define, field

from hookline.script.python import indented


@define
class Loop:
    """The places of the training loop to which a component adds lines, in the order in which they run.

    The lines of an outer callback are added first. Add lines that come before something at the end of their place, and
    lines that come after it at the beginning, so that wrappers nest.
    """

    before: list[str] = field(factory=list)
    """Before the first epoch."""
    epoch: list[str] = field(factory=list)
    """At the beginning of an epoch, in which `epoch` is its number, counted from 1."""
    batch: list[str] = field(factory=list)
    """At the beginning of a batch, whose tensors have the names in `script.batch`."""
    loss: list[str] = field(factory=list)
    """The lines that compute `loss`; empty for the usual ones."""
    step: list[str] = field(factory=list)
    """Before the step of the optimizer, when the gradients are complete."""
    after_step: list[str] = field(factory=list)
    """After the step of the optimizer."""
    condition: list[str] = field(factory=list)
    """Conditions without which a batch makes no step, and its loss does not count."""
    before_evaluation: list[str] = field(factory=list)
    """Before the validation rows are evaluated."""
    after_evaluation: list[str] = field(factory=list)
    """After the validation rows are evaluated."""
    record: list[str] = field(factory=list)
    """After an epoch, whose numbers are in the dictionary `record`."""
    stop: list[str] = field(factory=list)
    """At the end of an epoch, after its record is complete: lines that may `break`."""
    after: list[str] = field(factory=list)
    """After the last epoch."""
    counts_steps: bool = False
    """Whether lines use `step`, the number of steps that were made."""

    def nested(self, lines: list[str]) -> list[str]:
        """Return lines, inside the conditions without which a batch makes no step."""
        for condition in reversed(self.condition):
            lines = [f"if {condition}:", *indented(lines)]
        return lines
