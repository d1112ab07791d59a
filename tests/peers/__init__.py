"""Real systems that the connectors are tested against: `make peers` installs them."""
