"""The number of steps of a training that were traced, and the reasons why others were not."""

from typing import Any

from attrs import define, field


@define
class TracedSteps:
    """The counts of the steps whose gradients were computed by a trace and by the layers, and the reasons."""

    traced: int = 0
    """The number of steps that a trace computed."""
    by_layers: int = 0
    """The number of steps that the layers computed: the first ones, and those that cannot or need not be traced."""
    reasons: list[str] = field(factory=list)
    """Why steps were not traced, or no longer; each reason once."""

    def add_reason(self, reason: str) -> None:
        """Keep a reason, once."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    def as_json(self) -> dict[str, Any]:
        """Return the counts and reasons for `result.json`."""
        return {"traced": self.traced, "by_layers": self.by_layers, "reasons": list(self.reasons)}
