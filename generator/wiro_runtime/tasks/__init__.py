"""Tasks: submission, state, events, the journal and what callers hold."""
