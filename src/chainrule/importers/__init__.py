"""From elsewhere: networks of known layers, read from the files of Keras, ONNX and PyTorch; no code of theirs is run."""

from chainrule.importers.read import Imported, read_foreign

__all__ = ["Imported", "read_foreign"]
