"""Weekly answers of staff, named or anonymous."""
