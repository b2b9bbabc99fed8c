"""The commands of ``wirogen``: one module each, over functions that know nothing of terminals."""
