"""The ids of diagnostics, and what `hookline explain ID` and the documentation say of each."""

from collections.abc import Mapping

from attrs import frozen


@frozen
class Kind:
    """A kind of mistake."""

    meaning: str
    """What is wrong, in a sentence or two."""
    remedy: str
    """What to do about it."""
    example: str = ""
    """A part of a spec that has the mistake; empty if it shows only when data, model or machine are involved."""


IDS: Mapping[str, Kind] = {
    # Files that become a spec.
    "syntax": Kind(
        "The file is not TOML: the parser stopped at this place.",
        "Most often a quote, a bracket or a value is missing. Strings have quotes; booleans are `true` and `false`.",
        "[run]\nname = iris",
    ),
    "unsupported-syntax": Kind(
        "The file uses TOML 1.1, such as an inline table over several lines. Specs are TOML 1.0.",
        "Write the table on one line, or give it a header of its own.",
        '[optimizer]\ntype = "SGD"\ngroups = [{\n  layers = ["0"], lr = 0.1 }]',
    ),
    "duplicate-key": Kind(
        "A key or a section appears twice, and only one value can hold.",
        "Delete one of them. A section that may have several components has a header with two brackets, `[[metrics]]`.",
        "[run]\nepochs = 5\nepochs = 10",
    ),
    "not-text": Kind("The file is not text in UTF-8.", "Save it as UTF-8 in your editor."),
    "size-limit": Kind(
        "The spec is larger, more deeply nested, or has longer numbers or more callbacks than any spec needs.",
        "Check that this is the file that you meant.",
    ),
    "empty-file": Kind("The file is empty.", "`hookline new spec data.csv` writes a spec for a table.", " "),
    "unreadable-file": Kind(
        "A file does not exist, is a directory, cannot be read, or is evidently not a spec.",
        "Check the path. The message names the nearest file, and the command that fits the file that it found.",
    ),
    "missing-file": Kind(
        "The spec names a file that does not exist. Relative paths start at the directory of the spec.",
        "Correct the path, or create the file.",
        '[data]\ntype = "CSV"\npath = "flower.csv"\ntargets = "species"',
    ),
    "invalid-extends": Kind(
        "`extends` names a file that cannot be extended: it is missing, extends itself, or the chain is too long.",
        "Correct the path; it is relative to the file in which it stands.",
        'extends = "none.toml"',
    ),
    "invalid-change": Kind(
        "A change by `--set`, or by a table over an array, leads nowhere, or has a value that is not one.",
        "Write `--set path=value`, such as `--set optimizer.lr=0.01`. Name an element of an array by its index, `name` "
        "or `type`.",
    ),
    # Keys and values.
    "unknown-key": Kind(
        "A table has a key that its component, or the spec, does not know.",
        "Use the name that the message suggests. `hookline show NAME` lists the options of a component.",
        '[optimizer]\ntype = "SGD"\nlearning_rate = 0.1',
    ),
    "unknown-type": Kind(
        "`type` names a component that no plugin in use brings.",
        "Use the name that the message suggests; `hookline list` prints all of them. Installed plugins must be listed "
        "in `plugins`.",
        '[loss]\ntype = "CrossEntropy"',
    ),
    "ambiguous-type": Kind(
        "Several plugins bring a component of this name.", 'Write it with its plugin: `type = "focal:FocalLoss"`.'
    ),
    "missing-type": Kind(
        "A component does not say what it is.",
        'Add its `type`, such as `type = "Adam"`.',
        "[optimizer]\nlr = 0.1",
    ),
    "missing-section": Kind(
        "A section that every spec needs is missing.",
        "Add it. `hookline new spec data.csv` writes a complete spec.",
        "[run]\nepochs = 5",
    ),
    "missing-option": Kind(
        "A required option is missing.",
        "Add it; the message says of which type it is.",
        '[[callbacks]]\ntype = "StepLR"',
    ),
    "wrong-type": Kind(
        "A value has another type than the option, such as a string for a number.",
        "Write a value of the type that the message names. Nothing is converted, except an integer to a float.",
        '[run]\nepochs = "10"',
    ),
    "out-of-bounds": Kind(
        "A number lies outside the bounds of its option.",
        "Choose a number inside the bounds that the message names.",
        "[run]\nepochs = 0",
    ),
    "invalid-value": Kind(
        "A value has the right type and is not allowed for another reason, which the message gives.",
        "Choose another value.",
        '[run]\ndevice = "gpu"',
    ),
    "conflicting-options": Kind(
        "Options, or sections, do not go together. Both places are shown.",
        "Change one of them, as the message says.",
        '[loss]\ntype = "CrossEntropyLoss"\n[[metrics]]\ntype = "R2Score"',
    ),
    "unused-option": Kind(
        "An option has no effect here, because another one switches it off or the component does not use it.",
        "Remove it, or set the other option.",
        '[[callbacks]]\ntype = "StochasticWeightAveraging"\nanneal_epochs = 3',
    ),
    "duplicate-name": Kind(
        "Two metrics have the same name, so that their numbers could not be told apart.",
        "Give each a `name`.",
        '[[metrics]]\ntype = "Accuracy"\n[[metrics]]\ntype = "Accuracy"\naverage = "macro"',
    ),
    "duplicate-component": Kind(
        "The same component is listed twice, with the same options.",
        "Remove one of them.",
        '[[callbacks]]\ntype = "EarlyStopping"\n[[callbacks]]\ntype = "EarlyStopping"',
    ),
    "unlogged-number": Kind(
        "A callback uses a number that nothing in the spec logs.",
        "Use one of the names that the message lists, or add the metric.",
        '[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "validation/acc"',
    ),
    # Plugins.
    "unusable-plugin": Kind(
        "A plugin is not installed, is too old or too new, or cannot be imported.",
        "Install the plugin, or correct its name in `plugins`. `hookline plugins` lists what is installed.",
        'plugins = ["no-such-plugin"]',
    ),
    "plugin-failure": Kind(
        "The code of a component failed while the spec was checked.",
        "The message names the file and the line. Report it to the author of the plugin.",
    ),
    "stage-failure": Kind(
        "A plugin failed in a stage, or no plugin answered one.",
        "The message names the plugin, the stage, and the line; `--traceback` shows the whole traceback.",
    ),
    # What shows when data, model and machine are involved.
    "unknown-column": Kind(
        "The data file has no column, or array, of this name.",
        "Use a name from the header of the file; patterns such as `petal_*` are allowed for inputs.",
        '[data]\ntype = "CSV"\npath = "iris.csv"\ntargets = "specis"',
    ),
    "unfit-targets": Kind(
        "The loss takes other targets than the data gives, for example one where there are several.",
        "Change `targets` of the data, or choose another loss.",
        '[data]\ntype = "CSV"\npath = "iris.csv"\ntargets = { a = "species", b = "petal_width" }',
    ),
    "invalid-data": Kind(
        "The data cannot be read, or has values that the spec does not allow, such as an empty cell.",
        "The message names file, row and column. Correct the file, or leave the row or the column out.",
    ),
    "misfit": Kind(
        "Parts of the spec that are valid by themselves do not fit each other, the data, or this machine.",
        "The message says what was expected, and what was found.",
    ),
    "unfit-shape": Kind(
        "A layer cannot be applied to what the layer before it, or the data, gives.",
        "Change the sizes of one of the two layers, or put a layer such as Flatten between them.",
    ),
    "unfit-outputs": Kind(
        "The loss cannot compare what the model gives with the targets.",
        "Change the last layer, usually its `out_features`, or choose another loss.",
    ),
    "unfit-metric": Kind(
        "A metric cannot be computed from these predictions and targets.",
        "Change the option that the message names, or choose another metric.",
    ),
    "unknown-index": Kind(
        "The data has an index for which an embedding has no vector.", "Increase `num_embeddings`, or correct the data."
    ),
    "unsaveable-state": Kind(
        "A module has a state that is not a tensor, which could not be saved after the training.",
        "Keep it in a buffer instead of `get_extra_state`.",
    ),
    "training-failure": Kind(
        "The training cannot go on, for example because the loss is NaN.",
        "Often the learning rate is too high, or an input is not finite. The message names the epoch and the step.",
    ),
    "lock-mismatch": Kind(
        "A run cannot be trained again to the same bits, because something has changed since.",
        "The message lists every change. Undo it, or train without `--locked`.",
    ),
    "error": Kind("A command was given something that it cannot use.", "The message says what it needs."),
    # Warnings.
    "no-effect": Kind(
        "A callback or an option has no effect in a run of this length.",
        "Train for longer, let it begin earlier, or remove it.",
    ),
    "doubtful-loss": Kind(
        "The loss can be computed and probably does not measure what you mean.",
        "The message says why, for example that the model ends in a softmax which the loss applies, too.",
    ),
    "undefined-metric": Kind(
        "A metric is undefined for a split, often because it has too few rows, and is NaN.",
        "Make the split larger, or choose another metric.",
    ),
    "unseen-number": Kind(
        "A callback that keeps what is logged does not see the numbers of callbacks that are listed before it.",
        "List it before them.",
    ),
    "inexact-accumulation": Kind(
        "With `run.accumulate`, a layer or callback sees parts of a batch, so that the result differs from that of the "
        "whole batch.",
        "Accept the difference, or remove `accumulate`.",
    ),
    "redrawn-dropout": Kind(
        "The optimizer evaluates the loss several times in a step, and dropout draws anew each time.",
        "Remove the dropout, or choose another optimizer.",
    ),
    "doubtful-header": Kind(
        "The column names of a table are numbers, so the first line may be a row of data.",
        "If the file has no header, insert a line with column names above the first row.",
    ),
    "merged-numbers": Kind(
        "Different numbers of the data become equal in the floating-point type of the run.",
        'Set `dtype = "float64"` in [run], or subtract a constant from the column in the file.',
    ),
    "unwritten-file": Kind(
        "A file beside the model, such as a plot, could not be written.", "Check the disk and its permissions."
    ),
    "warning": Kind("A plugin warns of something in the spec.", "The message says what."),
}
"""Every id, with its meaning."""
