"""The tools of this package, to list and to search without importing any of them."""

from wiro_runtime.catalogue import serve_catalogue

serve_catalogue(__name__)
