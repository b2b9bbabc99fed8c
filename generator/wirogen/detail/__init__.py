"""Tool/Detail: Wiro's own JSON about a tool, a second source of specs beside its document."""

from wirogen.detail.merge import merge_detail, spec_from_detail, with_required
from wirogen.detail.read import Detail, DetailItem, looks_like_detail, read_detail

__all__ = [
    "Detail",
    "DetailItem",
    "looks_like_detail",
    "merge_detail",
    "read_detail",
    "spec_from_detail",
    "with_required",
]
