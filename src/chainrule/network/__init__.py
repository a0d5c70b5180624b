"""A network: layers, an input shape and a loss as one frozen value, and the way to JSON and back."""

from chainrule.network.mlp import mlp
from chainrule.network.network import Forward, Network, layer_output, logits
from chainrule.network.spec import network_from_spec, network_spec, to_spec
from chainrule.network.summary import LayerRow
from chainrule.network.views import averaged_outputs

__all__ = [
    "Forward",
    "LayerRow",
    "Network",
    "averaged_outputs",
    "layer_output",
    "logits",
    "mlp",
    "network_from_spec",
    "network_spec",
    "to_spec",
]
