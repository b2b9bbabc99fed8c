"""Helpers that know nothing of Wiro: text, files, locks, the cache and workers."""
