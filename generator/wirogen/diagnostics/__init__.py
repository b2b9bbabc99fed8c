"""Diagnostics: values with stable codes and positions, and the rules behind the codes."""
