"""What staff say: sessions that were held, and weekly answers."""
