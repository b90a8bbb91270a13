"""Mistakes that depend on the data, the model or the machine."""

from collections.abc import Mapping

from hookline.errors.kinds.kind import Kind

OF_RUNS: Mapping[str, Kind] = {
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
}
"""The kinds of mistakes that depend on more than the spec, by id."""
