"""Quick pickling for frozen dataclasses with slots, which travel between processes by the thousand.

What :mod:`dataclasses` gives them looks every field up by name and calls ``object.__setattr__``
for each, in both directions; that costs more than all the rest of a pickle.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


def quick_pickle(cls: type[T]) -> type[T]:
    """``cls``, a dataclass with slots that inherits no field, made quick to pickle and to copy.

    To be applied last (above ``@dataclass``). Needs pickle protocol 4 or newer, the default.
    Subclasses are pickled the usual way.

    Raises:
        TypeError: a field of ``cls`` has no slot of its own.
    """
    names = [field.name for field in fields(cls)]  # pyright: ignore[reportArgumentType] - checked by fields
    slots = cls.__dict__.get("__slots__", ())
    if not names or sorted(names) != sorted(slots):
        raise TypeError(f"{cls.__name__} is no dataclass with a slot for each field")
    restore = _restorer(cls, names, slots)
    restore.__module__ = cls.__module__
    restore.__qualname__ = f"{cls.__qualname__}._restore"
    setattr(cls, "_restore", staticmethod(restore))  # noqa: B010 - no type knows the attribute
    values = attrgetter(*names)
    if len(names) == 1:
        copyreg.pickle(cls, lambda value: (restore, (values(value),)))
    else:
        copyreg.pickle(cls, lambda value: (restore, values(value)))
    return cls


def _restorer(cls: type[T], names: list[str], slots: tuple[str, ...]) -> Callable[..., T]:
    """A function of the fields' values that gives the instance, without calling ``__init__``.

    The fields are stored while the object is of a twin class that is not frozen, by the ordinary
    assignments that the interpreter is quickest at.
    """
    twin = type(cls.__name__, (), {"__slots__": slots, "__module__": cls.__module__})
    lines = [
        f"def restore({', '.join(names)}):",
        "    self = twin()",
        *(f"    self.{name} = {name}" for name in names),
        "    self.__class__ = cls",
        "    return self",
    ]
    scope: dict[str, Any] = {"twin": twin, "cls": cls}
    exec("\n".join(lines), scope)  # noqa: S102 - made of the names of fields, as dataclasses does
    return scope["restore"]
