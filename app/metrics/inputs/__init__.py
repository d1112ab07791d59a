"""What the figures of a pilot are made from, as digests: the same rows, the same digest."""
