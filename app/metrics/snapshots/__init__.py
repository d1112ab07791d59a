"""Figures of a pilot as they were published: never changed, and traceable to what they were made from."""
