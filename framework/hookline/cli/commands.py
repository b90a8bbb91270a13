"""The subcommands of `hookline`, and the exit codes."""

GROUPS = {
    "training": {
        "train": "train a spec",
        "tune": "search for the best values of options: train many trials of a spec",
        "resume": "continue a run from its newest checkpoint",
        "verify": "prove that a run can be resumed exactly",
    },
    "finished": {
        "predict": "predict new rows with a finished run",
        "evaluate": "compute loss and metrics of a finished run, for a split or a file",
        "deploy": "write a finished run in a format for other programs, and compare it with the model",
        "serve": "serve the predictions of a finished run over HTTP, with a page to try it",
        "runs": "list runs side by side: the settings that differ, and the metrics",
        "plot": "draw the curves of several runs in one picture",
        "report": "write an HTML page about one or several runs",
    },
    "specs": {
        "new": "write a spec for a table, or a plugin",
        "check": "check specs and report every problem",
        "plan": "show what would run: stages and plugins, the model layer by layer, memory",
        "explain": "explain a value of a spec, or the id of an error",
        "diff": "compare the meaning of two specs, or of the specs of two runs",
        "eject": "write a spec as a script of plain torch, which trains to the same bits",
        "list": "list the components that a spec can name",
        "show": "show a component with all its options, or a complete spec",
        "plugins": "list the installed plugins and what each one adds",
        "schema": "print a JSON Schema of specs, for editors",
    },
}
"""The subcommands with their help, by package. Each is a module with `add_arguments(parser)` and `run(arguments)`."""

MODULES = {name: f"hookline.cli.{group}.{name}" for group, commands in GROUPS.items() for name in commands}
"""The module of each subcommand."""

COMMANDS = {name: help_text for commands in GROUPS.values() for name, help_text in commands.items()}
"""The subcommands with their help."""

DRAFTS = ("spec", "plugin")
"""What `hookline new` can write."""

GOOD, WRONG_SPEC, DIFFERENT, BAD_INPUT, INTERRUPTED = 0, 1, 1, 2, 130
"""Exit codes. For signals other than Ctrl-C, the code is 128 plus the number of the signal, as in a shell."""
