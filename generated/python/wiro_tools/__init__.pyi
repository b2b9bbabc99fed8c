from . import wiro as wiro
