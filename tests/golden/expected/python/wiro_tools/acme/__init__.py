"""Tools of one owner, loaded when first used."""

from wiro_runtime.lazy import lazy_package

__getattr__, __dir__ = lazy_package(__name__, __path__)
