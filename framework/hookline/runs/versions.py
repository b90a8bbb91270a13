"""The versions of installed packages, which do not change while a process runs."""

from functools import cache


@cache
def version(package: str) -> str:
    """The version of an installed package. Its metadata is read once: parsing it takes a millisecond."""
    from importlib import metadata

    return metadata.version(package)
