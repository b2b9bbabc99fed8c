"""The pipeline: from the files of a project to its generated tree."""
