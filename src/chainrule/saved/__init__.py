"""What is kept of a network: as JSON, and as a model file with its weights and the preparation of its data.

- `spec`: layers and losses as JSON and back, by the registries alone. `bounds`: what a network may ask for.
- `file`: the model file; `archive` and `tensors`: the zip and the arrays in it. `model`: what it holds.
- `views`: the mean of what is said of several views of a picture.
"""

from chainrule.saved.spec import network_from_spec, network_spec, to_spec
from chainrule.saved.views import averaged_outputs

__all__ = ["averaged_outputs", "network_from_spec", "network_spec", "to_spec"]
