"""HR systems."""
