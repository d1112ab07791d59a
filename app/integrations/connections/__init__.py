"""Connections to other systems: what they are, what a source is, and how it is read."""
