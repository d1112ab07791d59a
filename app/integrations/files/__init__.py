"""Files that other systems leave for us."""
