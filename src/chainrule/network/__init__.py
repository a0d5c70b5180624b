"""A network: layers, an input shape and a loss as one frozen value."""

from chainrule.network.network import Network
from chainrule.network.outputs import Forward, layer_output, logits
from chainrule.network.summary import LayerRow

__all__ = [
    "Forward",
    "LayerRow",
    "Network",
    "layer_output",
    "logits",
]
