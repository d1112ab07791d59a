"""What was decided about a pilot: sealed, and never changed."""
