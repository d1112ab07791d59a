"""GitHub: who uses Copilot there."""
