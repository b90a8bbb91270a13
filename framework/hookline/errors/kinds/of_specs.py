"""Mistakes in a spec, or in a plugin that it lists, which `hookline check` finds."""

from collections.abc import Mapping

from hookline.errors.kinds.kind import Kind

OF_SPECS: Mapping[str, Kind] = {
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
}
"""The kinds of mistakes in a spec, by id."""
