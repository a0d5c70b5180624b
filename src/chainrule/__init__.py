"""Neural networks you can see through: every derivative derived by hand and proven by number."""

__version__ = "0.1.0"
