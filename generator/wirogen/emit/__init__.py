"""Plans → files, as a mapping of path to text. Nothing here reads or writes a file, a clock or
the environment, besides templates. It holds no imports, because half of it is slow to load."""
