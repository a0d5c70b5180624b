"""A state_dict in safetensors: for a network that is given, by name or by number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from chainrule import nn
from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.importers.read import read_foreign
from chainrule.network import Network
from tests.exporters.lessons import require

RNG = np.random.default_rng(0)
NET = Network([nn.Dense(4), nn.Relu(), nn.Dense(2)], (3,), nn.SquaredError())


def array(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def tensors(first: str = "0", second: str = "2") -> dict[str, np.ndarray]:
    named = {f"{first}.weight": array(4, 3), f"{first}.bias": array(4)}
    return named | {f"{second}.weight": array(2, 4), f"{second}.bias": array(2)}


def test_modules_with_numbers_stand_for_the_layers_in_a_row(tmp_path: Path) -> None:
    # "10" comes before "2" in a file, which knows texts alone.
    named = tensors("2", "10")
    save_file(named, tmp_path / "net.safetensors")
    x = array(5, 3)
    wanted = np.maximum(x @ named["2.weight"].T + named["2.bias"], 0) @ named["10.weight"].T + named["10.bias"]
    found = read_foreign(tmp_path / "net.safetensors", network=NET).model
    np.testing.assert_allclose(found.outputs_of(x), wanted, rtol=0, atol=1e-6)


def test_modules_with_names_stand_for_the_layers_of_these_names(tmp_path: Path) -> None:
    named = tensors("second", "first")
    save_file(named, tmp_path / "net.safetensors")
    network = Network([("second", nn.Dense(4)), nn.Relu(), ("first", nn.Dense(2))], (3,), nn.SquaredError())
    found = read_foreign(tmp_path / "net.safetensors", network=network).model
    np.testing.assert_array_equal(found.params["first"]["b"], named["first.bias"])
    with pytest.raises(ModelFileError, match=r"'dense1'.*'first'.*Name the layers"):
        read_foreign(tmp_path / "net.safetensors", network=NET)


BAD = {
    "shape": (tensors() | {"2.bias": array(3)}, "shape"),
    "more": (tensors() | {"2.scale": array(3)}, "2.scale|scale, which Dense has not"),
    "less": ({k: v for k, v in tensors().items() if k != "2.bias"}, "bias"),
    "nan": (tensors() | {"0.bias": np.full(4, np.nan, np.float32)}, "finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_weights_that_are_not_the_networks_are_refused(case: str, tmp_path: Path) -> None:
    named, what = BAD[case]
    save_file(named, tmp_path / "net.safetensors")
    with pytest.raises(ChainruleError, match=what):
        read_foreign(tmp_path / "net.safetensors", network=NET)


def test_a_file_that_is_damaged_or_a_pickle_is_refused(tmp_path: Path) -> None:
    save_file(tensors(), tmp_path / "net.safetensors")
    raw = (tmp_path / "net.safetensors").read_bytes()
    for content in (b"", raw[:40], b"\xff" * 8 + raw[8:]):
        (tmp_path / "cut.safetensors").write_bytes(content)
        with pytest.raises(ModelFileError):
            read_foreign(tmp_path / "cut.safetensors", network=NET)
    with pytest.raises(ModelFileError, match=r"pickle.*safetensors"):
        read_foreign(tmp_path / "net.pt")
    with pytest.raises(ConfigError, match="like"):
        read_foreign(tmp_path / "net.safetensors")


def pairs() -> dict[str, tuple[Any, Any, tuple[int, ...]]]:
    torch = require("torch")
    t = torch.nn

    class Last(t.Module):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            return self.inner(x)[0]

    images = t.Sequential(
        t.Conv2d(2, 4, 3, padding=1), t.BatchNorm2d(4), t.ReLU(), t.MaxPool2d(2), t.Conv2d(4, 6, 2, groups=2), t.Flatten(),
        t.Tanh(), t.Linear(6 * 1 * 2, 5), t.LayerNorm(5), t.Linear(5, 2),
    )  # fmt: skip
    same = [
        nn.Conv2D(4, 3, padding="same"), nn.BatchNorm(), nn.Relu(), nn.MaxPool2D(2), nn.Conv2D(6, 2, groups=2),
        nn.Flatten(), nn.Tanh(), nn.Dense(5), nn.LayerNorm(), nn.Dense(2),
    ]  # fmt: skip
    both = t.Sequential(Last(t.LSTM(3, 4, batch_first=True, bidirectional=True)), Last(t.GRU(8, 2, batch_first=True)))
    time = [
        ("0.inner", nn.Bidirectional(nn.LSTM(4, return_sequences=True))),
        ("1.inner", nn.GRU(2, return_sequences=True)),
    ]
    names = [(name.replace(".", "_"), layer) for name, layer in time]
    return {"images": (images, same, (4, 6, 2)), "time": (both, names, (5, 3))}


@pytest.mark.parametrize("which", ["images", "time"])
def test_a_network_of_pytorch_predicts_the_same_here(which: str, tmp_path: Path) -> None:
    torch = require("torch")
    module, layers, shape = pairs()[which]
    torch.manual_seed(0)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape) + 0.1)
    named = {name.replace(".inner", "_inner"): value.numpy() for name, value in module.state_dict().items()}
    save_file(named, tmp_path / "net.safetensors")
    network = Network(layers, shape, nn.SquaredError())
    found = read_foreign(tmp_path / "net.safetensors", network=network).model
    x = array(6, *shape)
    given = torch.tensor(np.moveaxis(x, -1, 1).copy() if which == "images" else x)
    with torch.no_grad():
        wanted = module.eval()(given).numpy()
    np.testing.assert_allclose(found.outputs_of(x), wanted, rtol=0, atol=1e-6 * max(1.0, np.abs(wanted).max()))
