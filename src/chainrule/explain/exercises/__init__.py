"""Exercises on the course's slides, each checked, and told why where it is wrong."""

from chainrule.explain.exercises.catalogue import EXERCISES, find
from chainrule.explain.exercises.exercise import Exercise

__all__ = ["EXERCISES", "Exercise", "find"]
