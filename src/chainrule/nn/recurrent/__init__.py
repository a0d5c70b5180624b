"""Recurrence: a cell that reads a sequence step by step, and its derivative back through time."""
