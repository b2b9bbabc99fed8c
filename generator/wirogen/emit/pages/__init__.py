"""Plans → the source of the documentation site."""
