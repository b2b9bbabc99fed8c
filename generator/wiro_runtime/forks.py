"""What must not be shared with a forked child: locks that a thread of the parent may hold, sockets
that both would read from."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Something that can begin anew."""

    def renew(self) -> None: ...


_KNOWN: WeakSet[Renewable] = WeakSet()


def renew_in_child(thing: Renewable) -> None:
    """Have ``thing.renew()`` called in every process that is forked off from now on."""
    _KNOWN.add(thing)


def _renew() -> None:
    for thing in list(_KNOWN):
        thing.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
