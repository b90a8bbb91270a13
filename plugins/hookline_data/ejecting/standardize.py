"""The lines that standardize numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from hookline.script import Script

STANDARDIZED = '''
def standardized(numbers, training):
    """Return numbers with mean 0 and variance 1 in the training rows; a column of equal numbers is only shifted."""
    known = np.ascontiguousarray(numbers[training].T, dtype=np.float64)
    is_constant = known.min(axis=-1) == known.max(axis=-1)
    mean = np.where(is_constant, known.min(axis=-1), known.mean(axis=-1))
    std = np.where(is_constant | (known.std(axis=-1) == 0), 1, known.std(axis=-1))
    return (numbers - mean) / std
'''

MERGED = '''
def merged_moments(numbers):
    """Return mean and standard deviation of each column, merged from those of blocks of rows (Chan et al., 1979)."""
    rows, mean, variance = 0, 0.0, 0.0
    for block in blocks:
        known = np.ascontiguousarray(numbers[block].T, dtype=np.float64)
        share = len(block) / (rows + len(block))
        away = known.mean(axis=-1) - mean
        within = variance * (1 - share) + known.var(axis=-1) * share
        rows, mean = rows + len(block), mean + away * share
        variance = within + away * away * share * (1 - share)
    return mean, np.sqrt(variance)
'''


def add_statistics(script: Script, known: str, statistics: Mapping[str, Any]) -> None:
    """Add the lines that learn the means and standard deviations of the columns of a matrix of training rows.

    Each column is made contiguous in memory, so that NumPy adds its numbers in the same order.
    """
    script.use("import numpy as np")
    lines = ["# Standardize each column with the mean and the standard deviation of the training rows."]
    lines += [f"known = np.ascontiguousarray({known}.T, dtype=np.float64)"]
    lines += ["means, stds = known.mean(axis=-1), known.std(axis=-1)"]
    if _may_be_constant(statistics):
        lines += [
            "is_constant = known.min(axis=-1) == known.max(axis=-1)  # Their computed mean may be inexact.",
            "means = np.where(is_constant, known.min(axis=-1), means)",
            "stds = np.where(is_constant | (stds == 0), 1, stds)",
        ]
    script.add("prepare", "\n".join(lines), apart=script.has("prepare"))


def add_merged_statistics(script: Script, numbers: str, statistics: Mapping[str, Any], training: str) -> None:
    """Add the lines that learn the same from the rows of several blocks."""
    lines = [f"means, stds = {script.moments}({numbers})"]
    if _may_be_constant(statistics):
        lines += [
            f"known = {numbers}[{training}]",
            "is_constant = known.min(axis=0) == known.max(axis=0)  # Their computed mean may be inexact.",
            "means = np.where(is_constant, known.min(axis=0), means)",
            "stds = np.where(is_constant | (stds == 0), 1, stds)",
        ]
    script.add("prepare", "\n".join(lines), apart=script.has("prepare"))


def add_standardized(
    script: Script, numbers: str, statistics: Mapping[str, Any], training: str, *, dense: bool = False
) -> str:
    """Add the lines that learn the mean and standard deviation of each column, and return the standardized numbers."""
    known = f"{numbers}[{training}]"
    add_statistics(script, f"{known}.reshape(-1, {numbers}.shape[-1])" if dense else known, statistics)
    return f"(({numbers} - means) / stds)"


def add_shared_statistics(script: Script, groups: Sequence[str], statistics: Mapping[str, Any], training: str) -> None:
    """Add the lines that learn statistics of the columns of several groups of inputs together."""
    known = ", ".join(f"{numbers}[{training}]" for numbers in groups)
    add_statistics(script, f"np.concatenate([{known}])", statistics)


def _may_be_constant(statistics: Mapping[str, Any]) -> bool:
    """Return whether a column may be equal in all training rows: its deviation was replaced by 1."""
    return any(value == 1.0 for value in statistics.get("std", ()))
