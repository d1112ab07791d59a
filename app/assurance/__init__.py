"""Whether what the AI does can be relied on, and who has said so."""
