"""The command ``wiro-tools``: generated tools from a shell. Needs the extra ``cli``."""
