"""The lines that standardize a matrix."""

from collections.abc import Mapping
from typing import Any

from hookline.script import Script


def add_standardized(
    script: Script, numbers: str, statistics: Mapping[str, Any], training: str, *, dense: bool = False
) -> str:
    """Add the lines that learn the mean and standard deviation of each column, and return the standardized numbers.

    Each column is made contiguous in memory, so that NumPy adds its numbers in the same order.
    """
    script.use("import numpy as np")
    lines = ["# Standardize each column with the mean and the standard deviation of the training rows."]
    known = f"{numbers}[{training}]"
    known = f"{known}.reshape(-1, {numbers}.shape[-1])" if dense else known
    lines.append(f"known = np.ascontiguousarray({known}.T, dtype=np.float64)")
    lines += ["means, stds = known.mean(axis=1), known.std(axis=1)"]
    if _is_constant(statistics):
        lines += [
            "is_constant = known.min(axis=1) == known.max(axis=1)  # Their computed mean may be inexact.",
            "means, stds = np.where(is_constant, known[:, 0], means), np.where(is_constant | (stds == 0), 1, stds)",
        ]
    script.add("prepare", "\n".join(lines), apart=script.has("prepare"))
    return f"(({numbers} - means) / stds)"


def _is_constant(statistics: Mapping[str, Any]) -> bool:
    """Return whether a column may be equal in all training rows: its deviation was replaced by 1."""
    return any(value == 1.0 for value in statistics.get("std", ()))
