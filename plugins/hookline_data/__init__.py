"""Sources of data."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_data.csv import CSV
from hookline_data.npz import NPZ
from hookline_data.pairs import Pairs, RankedPairs
from hookline_data.parquet import Parquet
from hookline_data.random import Random
from hookline_data.triplets import Triplets


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's data sources."""
    return (CSV, NPZ, Pairs, Parquet, Random, RankedPairs, Triplets)
