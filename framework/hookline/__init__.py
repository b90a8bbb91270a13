"""Train PyTorch models from a TOML file.

>>> import hookline
>>> spec = hookline.load("specs/iris.toml")
>>> spec.run.name
'iris'
"""

import sys


def __getattr__(name: str) -> object:
    """Import a public name when it is first used. The names are listed in `__init__.pyi`."""
    import lazy_loader  # Here, because the command imports nothing before it handles Ctrl-C.

    attached = zip(("__getattr__", "__dir__", "__all__"), lazy_loader.attach_stub(__name__, __file__), strict=True)
    globals().update(attached)  # These replace the functions in this file.
    return getattr(sys.modules[__name__], name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__getattr__("__all__"))  # type: ignore[call-overload]
