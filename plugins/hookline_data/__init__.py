"""Sources of data."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the data sources of this plugin, by module."""
    return Components(
        __name__,
        {
            "csv": ("CSV",),
            "npz": ("NPZ",),
            "pairs": ("Pairs", "RankedPairs"),
            "parquet": ("Parquet",),
            "random": ("Random",),
            "triplets": ("Triplets",),
        },
    )
