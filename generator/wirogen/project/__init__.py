"""A project of one's own: its first files, the documents that come with wirogen, one more tool."""
