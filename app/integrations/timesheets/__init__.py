"""Timesheet systems: what each sends, as samples of time."""
