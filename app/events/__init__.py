"""What happened, for other systems: written where it happens, numbered once it is committed."""
