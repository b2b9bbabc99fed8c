"""Plans → data files: OpenAPI, the catalogue and tool-calling definitions."""
