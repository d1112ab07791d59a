"""What staff say, as figures: who answers, and what."""
