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
    mixed: str = ""
    """A function that mixes the rows of a batch in place, given them and the number of steps before. It returns the
    order of the rows that are mixed in and the share of the own ones, by which the losses are mixed, or `None`."""
    mixes_always: bool = True
    """Whether it never returns `None`."""
    step: list[str] = field(factory=list)
    """Before the step of the optimizer, when the gradients are complete."""
    after_step: list[str] = field(factory=list)
    """After the step of the optimizer."""
    skip: list[tuple[str, str, str]] = field(factory=list)
    """Conditions without which a batch makes no step, and its loss does not count; each with a line for a batch that is
    skipped, and one for a batch that is not."""
    before_evaluation: list[str] = field(factory=list)
    """Before the validation rows are evaluated."""
    after_evaluation: list[str] = field(factory=list)
    """After the validation rows are evaluated."""
    record: list[str] = field(factory=list)
    """After an epoch, to add numbers to its dictionary `record`."""
    after_record: list[str] = field(factory=list)
    """After an epoch, when its `record` is complete."""
    stop: list[str] = field(factory=list)
    """Conditions under which the training ends after an epoch."""
    after: list[str] = field(factory=list)
    """After the last epoch."""
    counts_steps: bool = False
    """Whether lines use `step`, the number of steps that were made."""
    needs_gradients: bool = False
    """Whether lines use a function `gradients`, which computes the gradients of a batch and returns its loss."""

    def nested(self, lines: list[str]) -> list[str]:
        """Return lines, inside the conditions without which a batch makes no step."""
        for condition, if_skipped, if_not in reversed(self.skip):
            lines = [f"if {condition}:", *indented([*lines, if_not]), "else:", f"    {if_skipped}"]
        return lines
