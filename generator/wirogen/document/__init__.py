"""Tool documents: read into a spec, with what is odd about them, and proof that nothing is lost."""

from wirogen.document.parse import ParsedDocument, parse_document
from wirogen.document.source_map import Form, Kind, Span, SpecPath
from wirogen.document.verify import Mismatch, verify

__all__ = [
    "Form",
    "Kind",
    "Mismatch",
    "ParsedDocument",
    "Span",
    "SpecPath",
    "parse_document",
    "verify",
]
