"""An MCP server that finds, prices and runs the tools of a generated package. Needs the extra
``mcp``."""

from wiro_runtime.mcp.server import WiroServer, make_server
from wiro_runtime.mcp.workspace import Workspace

__all__ = ["WiroServer", "Workspace", "make_server"]
