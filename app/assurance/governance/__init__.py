"""What must be in order around a pilot: policies, a register, training, and what bars its start."""
