"""Elsewhere: what was learned here, written for NumPy, PyTorch, TensorFlow, Keras and ONNX, run again and compared."""

from chainrule.exporters.lesson import Lesson, Rows, Training
from chainrule.exporters.table import Table

__all__ = ["Lesson", "Rows", "Table", "Training"]
