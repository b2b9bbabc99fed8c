"""Whether a module that was made compiles, and knows every name that it uses.

The module is not executed: a name that is missing shows in its symbol table.
"""

from __future__ import annotations

import builtins
import symtable
from typing import Final

_KNOWN: Final = frozenset(dir(builtins)) | {
    "__file__", "__path__", "__package__", "__spec__", "__loader__", "__annotations__",
    # What Python 3.14 keeps of annotations below an `if`.
    "__conditional_annotations__",
}  # fmt: skip


def check_module(source: str, name: str) -> None:
    """Raise ``SyntaxError`` (or ``ValueError``) for a module that cannot be imported.

    ``name`` is what the error calls it. A module with ``import *`` may use any name.
    """
    compile(source, name, "exec", dont_inherit=True)
    missing = _undefined(source, name)
    if missing:
        raise SyntaxError(f"nothing defines {', '.join(sorted(missing))}")


def _undefined(source: str, name: str) -> set[str]:
    module = symtable.symtable(source, name, "exec")
    defined = {
        symbol.get_name()
        for symbol in module.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    }
    missing: set[str] = set()
    tables = [module]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        missing |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and symbol.is_global()
        }
    missing -= defined | _KNOWN
    return set() if missing and "import *" in source else missing
