"""Each local day of a pilot's samples in one row, made anew when they change."""
