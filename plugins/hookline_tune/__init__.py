"""Tuners: searches for the best values of the options of a spec."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the tuners of this plugin, by module."""
    return Components(
        __name__,
        {
            "simple_searches": ("GridSearch", "RandomSearch"),
        },
    )
