"""Results of tasks: outputs, downloads and how they show themselves."""
