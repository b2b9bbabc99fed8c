"""Limits on what is read, the same for every Python.

Interpreters have limits of their own (recursion, digits of an integer), which differ between
versions and can be configured. These are reached first.
"""

from __future__ import annotations

from typing import Final

JSON_DEPTH: Final = 64
"""How deeply a JSON value may be nested."""
SPEC_DEPTH: Final = JSON_DEPTH + 16
"""How deeply a spec may be nested: a JSON value stands a few levels deep in it."""
PARSED_DEPTH: Final = 200
"""Nesting that every supported interpreter can read; nothing that is deeper is parsed."""
DIGITS: Final = 1000
"""Digits of an integer."""
NUMBER_LENGTH: Final = 400
"""Characters of a number that stands in a text."""
PREAMBLE: Final = 8000
"""Characters of prose before the first heading of a document."""
AMOUNT: Final = 1_000_000
"""US dollars that a run or a second may cost."""
SECONDS: Final = 30 * 86_400
"""Seconds that a run may take."""
RUNS: Final = 10**12
"""Runs of a tool."""
LAST_TIME: Final = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""
ADDRESS_LENGTH: Final = 2000
"""Characters of an address."""
README_LENGTH: Final = 100_000
"""Characters of a readme."""
