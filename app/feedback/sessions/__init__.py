"""Sessions at which staff were asked: with the vendor, internal, drop-in, by survey."""
