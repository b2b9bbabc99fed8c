"""Tool/Detail: Wiro's own JSON about a tool, a second source of specs beside its document."""

from wirogen.detail.read import Detail, DetailItem, looks_like_detail, read_detail
from wirogen.merge.detail import merge_detail, spec_from_detail, with_required

__all__ = [
    "Detail",
    "DetailItem",
    "looks_like_detail",
    "merge_detail",
    "read_detail",
    "spec_from_detail",
    "with_required",
]
