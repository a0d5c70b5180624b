"""A network: layers, an input shape and a loss as one frozen value."""

from chainrule.network.network import Forward, Network, layer_output, logits
from chainrule.network.summary import LayerRow

__all__ = [
    "Forward",
    "LayerRow",
    "Network",
    "layer_output",
    "logits",
]
