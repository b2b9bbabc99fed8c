"""Inputs of tools: the base of the generated models, files, LoRAs and the wire form."""
