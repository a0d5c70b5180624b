"""Which is better: cross-validation, comparison, search."""
