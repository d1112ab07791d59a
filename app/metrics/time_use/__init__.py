"""The ratio of admin to direct work: before, during, and against people without the tool."""
