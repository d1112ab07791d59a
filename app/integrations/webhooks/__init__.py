"""Events sent to other systems, as Standard Webhooks says."""
