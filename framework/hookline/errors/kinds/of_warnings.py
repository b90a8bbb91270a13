"""Warnings."""

from collections.abc import Mapping

from hookline.errors.kinds.kind import Kind

OF_WARNINGS: Mapping[str, Kind] = {
    "no-effect": Kind(
        "A callback or an option has no effect, or not the usual one, in a run of this length or with so few rows.",
        "Train for more epochs, make the callback start earlier, choose another value, or remove it.",
    ),
    "doubtful-loss": Kind(
        "The loss can be computed, but probably does not measure what you intend.",
        "The message gives the reason. For example, the model ends in a softmax, which the loss applies as well.",
    ),
    "undefined-metric": Kind(
        "A metric is undefined for a split and therefore NaN, often because the split has too few rows.",
        "Make the split larger, or choose another metric.",
    ),
    "unseen-number": Kind(
        "A callback that records logged numbers does not see those of callbacks that are listed before it.",
        "List it before these callbacks.",
    ),
    "inexact-accumulation": Kind(
        "With `run.accumulate`, a layer or callback sees parts of a batch, so its result differs from that of the "
        "whole batch.",
        "Accept the difference, or remove `accumulate`.",
    ),
    "redrawn-dropout": Kind(
        "The optimizer evaluates the loss several times per step, and dropout draws a new mask each time.",
        "Remove the dropout, or choose another optimizer.",
    ),
    "doubtful-header": Kind(
        "The column names of a table are numbers, so the first line may be a row of data.",
        "If the file has no header, insert a line with column names above the first row.",
    ),
    "merged-numbers": Kind(
        "Different numbers in the data become equal in the floating-point type of the run.",
        'Set `dtype = "float64"` in [run], or subtract a constant from the column in the file.',
    ),
    "weak-shuffle": Kind(
        "A streamed file can only be read in parts that are larger than a pool of rows, so that rows are shuffled only "
        "with rows near them in the file.",
        "Write the file with smaller parts, such as row groups of 65,536 rows, or increase `pool`. If the rows already "
        "are in random order, this does not matter.",
    ),
    "skipped-images": Kind(
        "Some images cannot be read. They are left out, because `skip_unreadable` is set.",
        "Repair or remove the files.",
    ),
    "unwritten-file": Kind(
        "A result other than the model, such as a plot, could not be written.",
        "Check the free space and the permissions of the run directory.",
    ),
    "damaged-checkpoint": Kind(
        "A checkpoint is not what the run wrote, so the one before it is used: the steps in between are repeated.",
        "Nothing is lost but time. Check the disk if this happens again.",
    ),
    "warning": Kind("A plugin warns about something in the spec.", "The message says what it is."),
}
"""The kinds of warnings, by id."""
