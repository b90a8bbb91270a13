"""Batches, splits, and targets encoded for a loss. Nothing here depends on the spec."""

import lazy_loader

# The public names are listed in `__init__.pyi`, and each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
