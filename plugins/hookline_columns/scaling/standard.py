"""Numbers with mean 0 and variance 1."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.data import Summary
from hookline.spec import spec
from hookline_columns.scaling.scaler import Scaler, moments

if TYPE_CHECKING:
    from hookline.script import Script


@spec
class StandardScaler(Scaler):
    """Numbers with mean 0 and variance 1 in the training rows.

    A column that is constant in the training rows is only shifted. See scikit-learn's StandardScaler:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.StandardScaler.html
    """

    with_mean: bool = True
    """Subtract the mean."""
    with_std: bool = True
    """Divide by the standard deviation."""

    learns_from = "summary"

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that standardizes, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        lines = self._learning("mean", "std")
        if script.moments is not None:
            lines = [f"mean, std = {script.moments}(numbers)"]
        if fitted["scale"] == 1.0 and self.with_std:
            lines += ["if known.min() == known.max():", "    mean, std = known[0], 1.0"]
        made = "(numbers - mean)" if self.with_mean else "numbers"
        made += " / std" if self.with_std else ""
        made = made.strip("()") if made.endswith(")") and made.startswith("(") else made
        return eject_numbers(self, script, cells, training, lines=lines, made=made, options={"with_mean", "with_std"})

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Add the lines that standardize a target, and the function that undoes it."""
        target = self._target_lines(script, cells, training, {"with_mean", "with_std"})
        target.add("known = {known}", *self._learning(f"{cells}_mean", f"{cells}_std"))
        return self._scaled(
            target, cells, f"{cells}_mean" if self.with_mean else "", f"{cells}_std" if self.with_std else ""
        )

    def _learning(self, mean: str, std: str) -> list[str]:
        """Return the line that learns from `known`, if anything is learned."""
        learned = {mean: "known.mean()"} if self.with_mean else {}
        learned |= {std: "known.std()"} if self.with_std else {}
        return [f"{', '.join(learned)} = {', '.join(learned.values())}"] if learned else []

    def learn_summary(self, summary: Summary) -> dict[str, Any]:
        """Return the mean and the standard deviation."""
        center, deviation = moments(summary)
        return {"center": center if self.with_mean else 0.0, "scale": (deviation or 1.0) if self.with_std else 1.0}
