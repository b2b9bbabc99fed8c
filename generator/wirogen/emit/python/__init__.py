"""Plans → Python modules and validators."""
