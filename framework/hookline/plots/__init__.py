"""Figures that need no display, written atomically as PNG files."""

import lazy_loader

# The public names are listed in `__init__.pyi`; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
