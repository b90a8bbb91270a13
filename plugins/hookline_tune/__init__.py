"""Tuners: searches for the best values of the options of a spec, and a storage for their studies."""

from typing import TYPE_CHECKING

from hookline import Components, HooklineError, hookimpl

if TYPE_CHECKING:
    from hookline.spec import Storage


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
                "NopPruner",
                "PatientPruner",
                "PercentilePruner",
                "SuccessiveHalvingPruner",
                "ThresholdPruner",
                "WilcoxonPruner",
            ),
            "samplers": (
                "BruteForceSampler",
                "CmaEsSampler",
                "GPSampler",
                "NSGAIISampler",
                "NSGAIIISampler",
                "QMCSampler",
                "RandomSampler",
                "TPESampler",
            ),
            "simple_searches": ("GridSearch", "RandomSearch"),
        },
    )


@hookimpl
def open_storage(url: str) -> "Storage | None":
    """Connect to a PostgreSQL database.

    Raises:
        HooklineError: if psycopg is not installed.
        StorageError: if the database cannot be reached.

    """
    if url.partition("://")[0] not in ("postgresql", "postgres"):
        return None
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise HooklineError('A PostgreSQL database needs its driver: pip install "hookline[postgresql]".') from None
    from hookline_tune.postgresql.storage import PostgreSQL

    return PostgreSQL(url)
