"""Write files atomically: each is written under a temporary name, flushed to the disk, then renamed.

Use these functions for everything you write to a run directory, in plugins too. If the process is killed or the disk is
full, a file with the final name is either complete, unchanged or absent.
"""

import lazy_loader

# The public names are listed in `__init__.pyi`; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
