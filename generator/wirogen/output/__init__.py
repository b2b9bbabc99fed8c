"""The generated tree on disk: compared, published atomically, listed in its manifest."""
