"""Tool/Detail: Wiro's own JSON about a tool, a second source of specs beside its document."""

from wirogen.detail.read import Detail, DetailItem, looks_like_detail, read_detail

__all__ = ["Detail", "DetailItem", "looks_like_detail", "read_detail"]
