"""What wins when documents, Tool/Detail and earlier snapshots of a tool differ."""
