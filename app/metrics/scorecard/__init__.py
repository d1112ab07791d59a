"""A pilot on one page: its figures, its criteria, and what is missing."""
