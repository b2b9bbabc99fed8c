"""What tools a generated package has, without importing any of them.

A generated package holds ``catalogue.json``, one tool a line, and a module ``catalogue`` that is a
:class:`Catalogue`::

    from wiro_tools import catalogue

    for tool in catalogue.search("portrait", input_kind="image"):
        print(tool.tool, tool.description)
    catalogue.get("wiro/text-to-image-sd-lora").module().run(client, prompt="a lighthouse")
"""

from wiro_runtime.catalogue.catalogue import Catalogue, Entry, EntryInput
from wiro_runtime.catalogue.packages import (
    find_tool,
    installed_catalogues,
    open_catalogue,
    serve_catalogue,
)
from wiro_runtime.inputs.options import fold

__all__ = [
    "Catalogue",
    "Entry",
    "EntryInput",
    "find_tool",
    "fold",
    "installed_catalogues",
    "open_catalogue",
    "serve_catalogue",
]
