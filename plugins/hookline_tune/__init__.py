"""Tuners: searches for the best values of the options of a spec."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the tuners of this plugin, by module."""
    return Components(
        __name__,
        {
            "optuna_search": ("Optuna",),
            "pruners": (
                "HyperbandPruner",
                "MedianPruner",
                "PatientPruner",
                "PercentilePruner",
                "SuccessiveHalvingPruner",
                "ThresholdPruner",
            ),
            "samplers": ("GPSampler", "NSGAIISampler", "NSGAIIISampler", "TPESampler"),
            "simple_searches": ("GridSearch", "RandomSearch"),
        },
    )
