"""Statistics as pure functions: no SQL, no clock, no state."""
