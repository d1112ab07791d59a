"""What share of recorded time each category of the taxonomy has, before and during a pilot."""
