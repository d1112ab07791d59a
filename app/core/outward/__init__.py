"""Requests to other systems: the one way out."""
