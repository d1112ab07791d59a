"""Pilotlight: pilot tracking for AI trials in the public sector."""

__version__ = "0.1.0"
