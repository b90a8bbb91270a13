"""The training loop of a script, with the places to which callbacks add lines."""

from collections.abc import Sequence

from attrs import define, field, frozen

from hookline.script.python import indented


@frozen(kw_only=True)
class Skip:
    """A condition without which a batch makes no step, and its loss does not count."""

    condition: str
    """The condition, as code."""
    if_skipped: Sequence[str] = ()
    """Lines for a batch that is skipped."""
    if_not: Sequence[str] = ()
    """Lines for any other batch, after its step."""
    before: Sequence[str] = ()
    """Lines before the condition, such as those that clip the gradients that it checks."""


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
    mixed_if: str = ""
    """The condition under which rows are mixed in a step; empty if they always are."""
    step: list[str] = field(factory=list)
    """Before the step of the optimizer, when the gradients are complete."""
    after_step: list[str] = field(factory=list)
    """After the step of the optimizer."""
    skips: list[Skip] = field(factory=list)
    """Conditions without which a batch makes no step, the outermost first."""
    after_batch: list[str] = field(factory=list)
    """After a batch, also if it was skipped."""
    before_evaluation: list[str] = field(factory=list)
    """Before the validation rows are evaluated."""
    after_evaluation: list[str] = field(factory=list)
    """After the validation rows are evaluated."""
    record: list[str] = field(factory=list)
    """To add numbers to the dictionary `record` of an epoch."""
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

    limits: list[str] = field(factory=list)
    """Conditions under which the training ends after a step, also in the middle of an epoch."""
    validated_if: str = ""
    """The condition under which a record has the numbers of the validation rows; empty if all records have them."""
    has_periods: bool = False
    """Whether the model is also validated in the middle of an epoch, which then has several records. The places
    `record`, `after_record` and `stop` are those of each record."""
    _after_epoch: list[str] = field(factory=list)

    @property
    def after_epoch(self) -> list[str]:
        """The place after the last record of an epoch."""
        return self._after_epoch if self.has_periods else self.after_record

    def if_validated(self, lines: list[str]) -> list[str]:
        """Return lines that run only after a validation."""
        if not (self.validated_if and lines):
            return lines
        first, *others = lines
        if first.startswith("if ") and all(line.startswith("    ") for line in others):
            return [f"if {self.validated_if} and {first.removeprefix('if ')}", *others]
        return [f"if {self.validated_if}:", *indented(lines)]

    def add_skip(self, condition: str, if_skipped: Sequence[str], if_not: Sequence[str] = ()) -> None:
        """Add a condition without which a batch makes no step; what was added to `step` before comes before it."""
        self.skips.append(Skip(condition=condition, if_skipped=if_skipped, if_not=if_not, before=tuple(self.step)))
        self.step.clear()

    def nested(self, lines: list[str]) -> list[str]:
        """Return lines, inside the conditions without which a batch makes no step."""
        for skip in reversed(self.skips):
            lines = [
                *skip.before,
                f"if {skip.condition}:",
                *indented([*lines, *skip.if_not]),
                "else:",
                *indented(skip.if_skipped),
            ]
        return lines
