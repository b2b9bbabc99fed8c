"""Old name of :mod:`wiro_runtime.inputs.messages`."""

from wiro_runtime.inputs.messages import is_huge, nearest, shorten

__all__ = ["is_huge", "nearest", "shorten"]
