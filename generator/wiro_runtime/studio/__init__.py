"""The documentation site on loopback with a builder that runs tools. Needs the extra ``studio``.

The key stays in this process: a page sends the values of its form, and gets states and outputs.
"""

from wiro_runtime.studio.app import Studio, application

__all__ = ["Studio", "application"]
