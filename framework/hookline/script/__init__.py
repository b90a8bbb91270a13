"""Write a training as a script of plain torch: the room in which components put their lines together."""

import lazy_loader

# The public names are listed in `__init__.pyi`; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
