"""Tool documents: read into a spec, with what is odd about them, and proof that nothing is lost."""

from wirogen.document.parse import ParsedDocument, parse_document

__all__ = ["ParsedDocument", "parse_document"]
