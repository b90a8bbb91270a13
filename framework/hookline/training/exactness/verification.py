"""The result of a verification."""

from collections.abc import Mapping

from attrs import field, frozen

from hookline.training.exactness.difference import Difference


@frozen
class Verification:
    """What a training that was interrupted and resumed has in common with one that was not."""

    steps: int
    """The number of steps of both trainings."""
    cuts: tuple[int, ...]
    """The steps after which one of them was interrupted."""
    compared: Mapping[str, int]
    """The number of compared parts by what they belong to: "model", "optimizer" and so on."""
    unequal: Mapping[str, int] = field(factory=dict)
    """The number of those that differ."""
    difference: Difference | None = None
    """The first difference; `None` if there is none."""
    is_repeatable: bool = True
    """Whether two trainings without an interruption are equal."""
    error: str | None = None
    """Why the training could not be resumed, if it could not."""
    changing: tuple[str, ...] = ()
    """What differs between any two trainings without having an effect, such as times."""
    left_out: tuple[str, ...] = ()
    """The callbacks that were left out, since they connect to a service or write outside the directory of the run."""

    @property
    def is_exact(self) -> bool:
        """Whether the resumed training equals the other one to the last bit."""
        return self.difference is None and self.error is None

    @property
    def summary(self) -> str:
        """The result in sentences."""
        if self.error is not None:
            return f"The training cannot be resumed. {self.error}"
        if self.difference is None:
            return "The resumed training equals the other one to the last bit."
        if self.is_repeatable:
            return f"The resumed training differs from the other one. {self.difference}"
        return (
            f"Two trainings with the same seed differ even without an interruption. {self.difference} Draw "
            "random numbers from torch's generator or with `run.seed`, and keep no state of another training in "
            "classes and modules."
        )
