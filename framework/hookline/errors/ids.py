"""The ids of diagnostics, with the explanations that `hookline explain ID` and the documentation show."""

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
    """A part of a spec that has the mistake; empty if the mistake depends on the data, the model or the machine."""


IDS: Mapping[str, Kind] = {
    # Files of a spec.
    "syntax": Kind(
        "The file is not valid TOML. The parser stopped at this position.",
        "Usually a quote, a bracket or a value is missing. Strings need quotes; booleans are `true` and `false`.",
        "[run]\nname = iris",
    ),
    "unsupported-syntax": Kind(
        "The file uses TOML 1.1, such as an inline table over several lines. Specs are TOML 1.0.",
        "Write the table on one line, or give it its own header.",
        '[optimizer]\ntype = "SGD"\ngroups = [{\n  layers = ["0"], lr = 0.1 }]',
    ),
    "duplicate-key": Kind(
        "A key or a section is defined twice.",
        "Remove one of them. A section with several components uses double brackets for each, such as `[[metrics]]`.",
        "[run]\nepochs = 5\nepochs = 10",
    ),
    "not-text": Kind("The file is not encoded in UTF-8.", "Save it as UTF-8 in your editor."),
    "size-limit": Kind(
        "The spec exceeds a limit that no real spec reaches: its size, its nesting, the length of a number, or the "
        "number of callbacks.",
        "Check that you named the right file.",
    ),
    "empty-file": Kind("The file is empty.", "`hookline new spec data.csv` writes a spec for a table.", " "),
    "unreadable-file": Kind(
        "A file does not exist, is a directory, cannot be read or written, or is clearly not a spec.",
        "Check the path. The message suggests a similar file name, or the right command for this type of file.",
    ),
    "missing-file": Kind(
        "The spec names a file that does not exist. Paths in a spec are relative to the directory of the spec, and "
        "those of `--set` to the current directory.",
        "Correct the path, or create the file.",
        '[data]\ntype = "CSV"\npath = "flower.csv"\ntargets = "species"',
    ),
    "invalid-extends": Kind(
        "`extends` names a file that cannot be extended: it does not exist, extends itself, or the chain is too long.",
        "Correct the path. It is relative to the file that contains `extends`.",
        'extends = "none.toml"',
    ),
    "invalid-change": Kind(
        "A change names something that does not exist, or has an invalid value. Changes are made with `--set`, or with "
        "a table whose keys name the elements of an array.",
        "Write `--set path=value`, such as `--set optimizer.lr=0.01`. Name an element of an array by its index, `name` "
        "or `type`.",
    ),
    # Keys and values.
    "unknown-key": Kind(
        "A table has a key that is not an option of the component or section.",
        "Use the name that the message suggests. `hookline show NAME` lists the options of a component.",
        '[optimizer]\ntype = "SGD"\nlearning_rate = 0.1',
    ),
    "unknown-type": Kind(
        "`type` names a component that no loaded plugin provides.",
        "Use the name that the message suggests. `hookline list` prints all components. Installed plugins must be "
        "listed in `plugins`.",
        '[loss]\ntype = "CrossEntropy"',
    ),
    "ambiguous-type": Kind(
        "Several plugins provide a component with this name.", 'Add the name of the plugin: `type = "focal:FocalLoss"`.'
    ),
    "missing-type": Kind(
        "A table of a component has no `type`, which names the component.",
        'Add the `type`, such as `type = "Adam"`.',
        "[optimizer]\nlr = 0.1",
    ),
    "missing-section": Kind(
        "A required section is missing.",
        "Add it. `hookline new spec data.csv` writes a complete spec.",
        "[run]\nepochs = 5",
    ),
    "missing-option": Kind(
        "A required option is missing.",
        "Add the option. The message names its type.",
        '[[callbacks]]\ntype = "StepLR"',
    ),
    "wrong-type": Kind(
        "A value has the wrong type for its option, such as a string instead of a number.",
        "Use a value of the type that the message names. Values are not converted, except integers to floats.",
        '[run]\nepochs = "10"',
    ),
    "out-of-bounds": Kind(
        "A number is outside the bounds of its option.",
        "Choose a number within the bounds that the message names.",
        "[run]\nepochs = 0",
    ),
    "invalid-value": Kind(
        "A value has the right type, but is not allowed. The message gives the reason.",
        "Choose another value.",
        '[run]\ndevice = "gpu"',
    ),
    "conflicting-options": Kind(
        "Two options or sections conflict. Both are shown.",
        "Change or remove one of them.",
        '[loss]\ntype = "CrossEntropyLoss"\n[[metrics]]\ntype = "R2Score"',
    ),
    "unused-option": Kind(
        "An option has no effect, because another option disables it or the component does not use it.",
        "Remove it, or set the other option.",
        '[[callbacks]]\ntype = "StochasticWeightAveraging"\nanneal_epochs = 3',
    ),
    "duplicate-name": Kind(
        "Two metrics have the same name, so their numbers cannot be distinguished.",
        "Give each its own `name`.",
        '[[metrics]]\ntype = "Accuracy"\n[[metrics]]\ntype = "Accuracy"\naverage = "macro"',
    ),
    "duplicate-component": Kind(
        "The same component is listed twice with the same options.",
        "Remove one of them.",
        '[[callbacks]]\ntype = "EarlyStopping"\n[[callbacks]]\ntype = "EarlyStopping"',
    ),
    "unlogged-number": Kind(
        "A callback refers to a number that nothing in the spec logs.",
        "Use one of the names that the message lists, or add the metric.",
        '[[callbacks]]\ntype = "EarlyStopping"\nmonitor = "validation/acc"',
    ),
    # Plugins.
    "unusable-plugin": Kind(
        "A plugin is not installed, has an incompatible version, or cannot be imported.",
        "Install the plugin, or correct its name in `plugins`. `hookline plugins` lists the installed plugins.",
        'plugins = ["no-such-plugin"]',
    ),
    "plugin-failure": Kind(
        "The code of a component raised an error while the spec was checked.",
        "The message names the file and the line. Report it to the author of the plugin.",
    ),
    "stage-failure": Kind(
        "A plugin or a component raised an error in the training, or no plugin answered a stage.",
        "The message names what failed, and the line. `--traceback` shows the full traceback.",
    ),
    # Mistakes that depend on the data, the model or the machine.
    "unknown-column": Kind(
        "The data file has no column or array with this name.",
        "Use a name from the header of the file. For inputs, patterns such as `petal_*` are allowed.",
        '[data]\ntype = "CSV"\npath = "iris.csv"\ntargets = "specis"',
    ),
    "unfit-targets": Kind(
        "The targets of the data do not fit the loss, for example several targets for a loss that takes one.",
        "Change `targets` in [data], or choose another loss.",
        '[data]\ntype = "CSV"\npath = "iris.csv"\ntargets = { a = "species", b = "petal_width" }',
    ),
    "invalid-data": Kind(
        "The data cannot be read, or contains values that are not allowed, such as empty cells.",
        "The message names the file, the row and the column. Correct the file, or remove the row or the column.",
    ),
    "leaked-rows": Kind(
        "Rows of the validation or test split are in the training split, too, with equal inputs and targets, or have "
        "an id that training rows have, so that metrics say little about new rows.",
        "Remove the copies from the file, or keep rows that belong together in one split, for example with "
        "`group_column`. If equal rows are different observations, nothing has to be done.",
    ),
    "leaked-target": Kind(
        "An input equals the target, up to scale and shift, or has another value for each class.",
        "If it will not be known when the model is used, exclude it with `inputs`.",
    ),
    "misleading-metric": Kind(
        "Nearly all training rows have the same class, and the metrics only count correct rows: a model that always "
        "predicts this class scores well.",
        "Add a metric that gives classes equal weights, as the message says.",
    ),
    "unreadable-rows": Kind(
        "Rows for a finished run cannot be read, for example because a cell has text where a number belongs.",
        "Correct the cells that the message lists. `predict` can also leave the predictions of these rows empty: pass "
        "`--skip-bad-rows` (in Python, `skip_bad_rows=True`).",
    ),
    "dropped-rows": Kind(
        "An evaluation of new rows leaves out rows with a missing cell, because the training drops such rows: "
        '`missing_targets = "drop"`, or `missing = "drop"` of a column.',
        "Fill in the cells if these rows should count.",
    ),
    "changed-data": Kind(
        "The data of a finished run has changed since it was trained, so that the same split has other rows.",
        "Restore the data, or pass the path of the original file with `--set data.path=FILE`. Rows that were passed to "
        "`hookline.train` in Python must be passed to `hookline.open_run` again.",
    ),
    "changed-plugin": Kind(
        "Hookline has another version than when a finished run was trained, or a plugin has other code, or another "
        "version that you accepted.",
        "Install the version that the message names. Without it, predictions may differ from those in training.",
    ),
    "unusable-run": Kind(
        "A finished run cannot be used: the directory is not that of a run, the run has not ended, a file is damaged, "
        "or a plugin that it used is missing or has another version.",
        "Check the path: `hookline runs` lists the runs with their states. Install the plugins that the message names. "
        "`--accept-changed-plugins` (in Python, `accept_changed_plugins=True`) accepts another version of a plugin.",
    ),
    "unusable-storage": Kind(
        "The storage of a study cannot be used: it cannot be reached, refuses the user, or has no such study.",
        "Check the URL, the server and the password. `psql URL` should connect, too.",
    ),
    "lost-connection": Kind(
        "The connection to the storage of a study was lost. Training continues, and connecting is retried.",
        "Nothing needs to be done if the server returns. Ctrl-C ends the study; `--resume` resumes it later.",
    ),
    "failed-deployment": Kind(
        "A model cannot be deployed in a format, or the deployed model predicts something else than the model in "
        "memory. Nothing of it is kept; the results of the training are.",
        "The message says what failed. Deploy in another format, or change what the message names, and run "
        "`hookline deploy` again. The training need not be repeated.",
    ),
    "unusable-checkpoint": Kind(
        "A checkpoint cannot be written or read, or does not fit the training that is to be resumed.",
        "The message names the file or the component. If a component has a state that a checkpoint cannot hold, return "
        "tensors, arrays, numbers, strings, lists and dictionaries from its `state_dict`. If every checkpoint is "
        "damaged, train the run again.",
    ),
    "mismatch": Kind(
        "Parts of the spec are valid individually, but do not fit each other, the data or this machine.",
        "The message names what was expected and what was found.",
    ),
    "not-ejectable": Kind(
        "`hookline eject` cannot write this part of the spec as lines of torch.",
        "Choose another component or option, or, in a plugin of your own, give its class a method `eject`.",
    ),
    "unfit-shape": Kind(
        "A layer cannot be applied to the output of the layer before it, or to the data.",
        "Change the size of one of the two layers, or add a layer such as Flatten between them.",
    ),
    "unfit-outputs": Kind(
        "The loss cannot be computed from the outputs of the model and the targets.",
        "Change the last layer, usually its `out_features`, or choose another loss.",
    ),
    "unfit-metric": Kind(
        "A metric cannot be computed from the predictions and targets.",
        "Change the option that the message names, or choose another metric.",
    ),
    "unknown-index": Kind(
        "The data contains an index for which an embedding has no vector.",
        "Increase `num_embeddings`, or correct the data.",
    ),
    "unsaveable-state": Kind(
        "A module has state that is not a tensor and therefore cannot be saved.",
        "Store it in a buffer instead of returning it from `get_extra_state`.",
    ),
    "training-failure": Kind(
        "Training cannot continue, for example because the loss is NaN.",
        "Often the learning rate is too high, or an input is not finite. The message names the epoch and the step.",
    ),
    "lock-mismatch": Kind(
        "A run cannot be reproduced to the same bits, because something has changed since then.",
        "The message lists every change. Undo the changes, or train without `--locked`.",
    ),
    "error": Kind(
        "An argument of a command, or a run directory that it names, cannot be used. Only the output for tools has "
        "this id: the text output, like that of usage errors, has none.",
        "The message names what the command expects.",
    ),
    # Warnings.
    "no-effect": Kind(
        "A callback or an option has no effect in a run of this length.",
        "Train for more epochs, make it start earlier, or remove it.",
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
"""Every id with its explanation."""
