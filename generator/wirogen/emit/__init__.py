"""Plans → files, as a mapping of path to text. Nothing here reads or writes a file, a clock or
the environment, templates aside."""

from wirogen.emit.render import render_shared, render_tool
from wirogen.emit.templates import Renderer
from wirogen.emit.validators import ValidatorError

__all__ = ["Renderer", "ValidatorError", "render_shared", "render_tool"]
