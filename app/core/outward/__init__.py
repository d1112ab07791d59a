"""Requests to other systems that a council names: the one way to them."""
