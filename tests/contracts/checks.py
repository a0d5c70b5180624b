"""What every layer and every loss promises, as functions that raise when a promise is broken.

The contract suites call them on Chainrule's own layers and losses; the planted-bug test calls the same functions on
broken ones and demands that they raise.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from chainrule.engine import engine_by_name
from chainrule.network import Network
from chainrule.nn import Flatten, Layer, Loss, Param, Sequential, SquaredError
from chainrule.saved.spec import network_from_spec, network_spec
from chainrule.tree import leaves, map_leaves
from chainrule.types import Array, Context, Namespace, Params, Shape, as_dense

ENGINES = ("numpy", "jax")
SAMPLES = 3


def agreement(dtype: Any) -> float:
    """Return the relative difference allowed between two ways to compute the same number."""
    return float(np.finfo(dtype).eps) ** 0.75


def numeric(dtype: Any) -> tuple[float, float]:
    """Return the step of a fourth-order central difference and the relative error allowed of it.

    Rounding costs eps / h and truncation h⁴, which are equal at h = eps^(1/5); their sum is well below eps^(3/5).
    """
    eps = float(np.finfo(dtype).eps)
    return eps**0.2, eps**0.6


def assert_close(actual: Any, desired: Any, tolerance: float) -> None:
    """Raise unless two arrays agree in shape and, relative to the largest value or 1, in every number."""
    actual, desired = np.asarray(actual), np.asarray(desired)
    assert actual.shape == desired.shape, f"shape {actual.shape}, not {desired.shape}"
    scale = max(1.0, float(np.abs(desired).max(initial=0.0)))
    np.testing.assert_allclose(actual, desired, rtol=0, atol=tolerance * scale)


def assert_trees_close(actual: Params, desired: Params, tolerance: float) -> None:
    """Raise unless two trees have the same names and agree leaf by leaf."""
    left, right = dict(leaves(actual)), dict(leaves(desired))
    assert left.keys() == right.keys(), f"names {sorted(left)}, not {sorted(right)}"
    for name, value in left.items():
        assert_close(value, right[name], tolerance)


def precision(engine: str, dtype: str) -> AbstractContextManager[Any]:
    """Return the context in which JAX keeps float64."""
    return jax.enable_x64(True) if (engine, dtype) == ("jax", "float64") else nullcontext()


def derivative(function: Callable[[np.ndarray], float], at: np.ndarray, direction: np.ndarray) -> float:
    """Return the derivative of `function` along `direction`, by the fourth-order central difference."""
    h, _ = numeric(np.float64)
    f = [function(at + k * h * direction) for k in (-2, -1, 1, 2)]
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)


def unit(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Return a random direction of length 1."""
    direction = rng.normal(size=shape)
    return np.asarray(direction / np.linalg.norm(direction))


# ---------------------------------------------------------------------------------------------------------- layers


@dataclass(frozen=True)
class LayerCase:
    """A layer, the shape of a sample that it is given, and whether it learns meanwhile."""

    name: str
    layer: Layer
    shape: Shape
    train: bool = False
    # How many ids there are to name, where x is made of them.
    ids: int = 0

    def __str__(self) -> str:
        return self.name

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a stream of the case's own for one purpose; W, x and a direction from one stream would be parallel."""
        return np.random.default_rng((zlib.crc32(self.name.encode()), zlib.crc32(purpose.encode())))

    def params(self, dtype: str = "float64") -> dict[str, Any]:
        """Return random parameters, biases too; those that start at one, such as a variance, are positive."""
        rng = self.rng("parameters")

        def draw(p: Param) -> np.ndarray:
            values = rng.normal(0, 0.7, p.shape)
            return (np.abs(values) + 0.5 if p.init == "ones" else values).astype(dtype)

        return map_leaves(draw, self.layer.params(self.shape))

    def x(self, dtype: str = "float64") -> np.ndarray:
        """Return random inputs, each at least 0.1 from the kink at zero; or random ids, of which some repeat."""
        if self.ids:
            return self.rng("x").integers(0, self.ids, (SAMPLES, *self.shape))
        x = self.rng("x").normal(size=(SAMPLES, *self.shape))
        return cast(np.ndarray, (x + 0.1 * np.sign(x)).astype(dtype))

    def dy(self, dtype: str = "float64", variant: int = 0) -> np.ndarray:
        """Return a random derivative of the cost by y."""
        rng = self.rng(f"dy {variant}")
        return rng.normal(size=(SAMPLES, *self.layer.output_shape(self.shape))).astype(dtype)

    def context(self, engine: str) -> Context:
        """Return the context, with a fixed key where the layer learns."""
        return Context(self.train, engine_by_name(engine).key(11, 5) if self.train else None)


def leaves_of(case: LayerCase) -> list[str]:
    """Return the dotted names of a layer's parameters."""
    return [path for path, _ in leaves(case.layer.params(case.shape))]


def both_ways(case: LayerCase, xp: Namespace, ctx: Context, p: Params, x: Array, dy: Array) -> tuple[Any, Any, Params]:
    """Return y, dx and the gradients as arrays."""
    y, cache = case.layer.forward(xp, p, x, ctx)
    dx, grads = case.layer.backward(xp, p, cache, dy)
    return y, dx, map_leaves(lambda gradient: as_dense(xp, gradient), grads)


def same_noise(xp: Namespace, array: Callable[[Any], Array]) -> Namespace:
    """Return `xp` with masks that do not depend on the engine's generator."""

    def bernoulli(key: Any, p: float, shape: Shape) -> Array:
        return array(np.random.default_rng(3).random(shape) < p)

    return cast(Namespace, SimpleNamespace(**(vars(xp) | {"bernoulli": bernoulli})))


@cache
def compiled(case: LayerCase, noise: str = "own") -> Callable[..., Any]:
    """Return `both_ways` on JAX, compiled once for all checks of a case."""
    xp = engine_by_name("jax").xp
    xp = xp if noise == "own" else same_noise(xp, jnp.asarray)
    ctx = case.context("jax")
    return jax.jit(lambda p, x, dy: both_ways(case, xp, ctx, p, x, dy))


def passes(case: LayerCase, engine: str) -> Callable[..., Any]:
    """Return (p, x, dy) -> y, dx, grads in float64 on an engine."""
    if engine == "numpy":
        xp, ctx = engine_by_name("numpy").xp, case.context("numpy")
        return lambda p, x, dy: both_ways(case, xp, ctx, p, x, dy)
    function = compiled(case)

    def call(p: Params, x: Array, dy: Array) -> Any:
        with precision("jax", "float64"):
            return jax.tree.map(np.asarray, function(p, x, dy))

    return call


def check_keys_and_shapes(case: LayerCase, engine: str) -> None:
    """Y has the declared shape, dx that of x, and the gradients the names and shapes of the parameters."""
    p, x, dy = case.params(), case.x(), case.dy()
    y, dx, grads = passes(case, engine)(p, x, dy)
    assert y.shape == (SAMPLES, *case.layer.output_shape(case.shape))
    assert dx.shape == x.shape
    assert jax.tree.structure(grads) == jax.tree.structure(p)
    assert map_leaves(np.shape, grads) == map_leaves(np.shape, p)


def check_derivative_by_input(case: LayerCase, engine: str) -> None:
    """The derivative of ⟨y, dy⟩ along a random direction of x is ⟨dx, direction⟩; of ids it is 0."""
    function, p, x, dy = passes(case, engine), case.params(), case.x(), case.dy()
    if case.ids:
        assert not np.any(function(p, x, dy)[1])
        return
    direction = unit(case.rng("direction"), x.shape)
    expected = derivative(lambda x: float(np.vdot(function(p, x, dy)[0], dy)), x, direction)
    assert_close(np.vdot(function(p, x, dy)[1], direction), expected, numeric(np.float64)[1])


def check_derivative_by_parameters(case: LayerCase, engine: str) -> None:
    """The derivative of ⟨y, dy⟩ along a random direction of each parameter is ⟨dP, direction⟩."""
    function, p, x, dy = passes(case, engine), case.params(), case.x(), case.dy()
    grads = dict(leaves(function(p, x, dy)[2]))
    for path, value in leaves(p):
        direction = unit(case.rng("direction"), value.shape)

        def cost(moved: np.ndarray, path: str = path) -> float:
            return float(np.vdot(function(with_leaf(p, path, moved), x, dy)[0], dy))

        expected = derivative(cost, value, direction)
        assert_close(np.vdot(grads[path], direction), expected, numeric(np.float64)[1])


def with_leaf(tree: Params, path: str, value: Any) -> dict[str, Any]:
    """Return a copy of a tree with another value at the leaf called `path`."""
    head, _, rest = path.partition(".")
    return {**tree, head: with_leaf(tree[head], rest, value) if rest else value}


def check_linearity(case: LayerCase, engine: str) -> None:
    """Backward is linear in dy: no term of its own, nothing squared."""
    function, p, x = passes(case, engine), case.params(), case.x()
    one, two = case.dy(), case.dy(variant=1)
    _, dx, grads = function(p, x, 2 * one - 3 * two)
    _, dx1, grads1 = function(p, x, one)
    _, dx2, grads2 = function(p, x, two)
    tolerance = agreement(np.float64)
    assert_close(dx, 2 * dx1 - 3 * dx2, tolerance)
    assert_trees_close(grads, map_leaves(lambda a, b: 2 * a - 3 * b, grads1, grads2), tolerance)


def freeze(value: Any) -> None:
    """Make every array in a tree or cache read-only."""
    if isinstance(value, Mapping):
        for item in value.values():
            freeze(item)
    elif isinstance(value, np.ndarray):
        value.setflags(write=False)


def check_read_only(case: LayerCase) -> None:
    """Forward and backward write to nothing that they were given, the cache included."""
    xp, p, x, dy = engine_by_name("numpy").xp, case.params(), case.x(), case.dy()
    freeze({"p": p, "x": x, "dy": dy})
    try:
        _, cache = case.layer.forward(xp, p, x, case.context("numpy"))
        freeze(cache)
        case.layer.backward(xp, p, cache, dy)
        case.layer.gradients(xp, p, cache, dy)
    except ValueError as error:
        raise AssertionError(f"an argument or a cached array was written to: {error}") from error


def check_float32_stays(case: LayerCase, engine: str) -> None:
    """From float32 come float32 y, dx and gradients (on JAX even where float64 is allowed)."""
    p, x, dy = case.params("float32"), case.x("float32"), case.dy("float32")
    xp, ctx = engine_by_name(engine).xp, case.context(engine)
    with precision(engine, "float64"):
        if engine == "jax":
            results = jax.eval_shape(lambda p, x, dy: both_ways(case, xp, ctx, p, x, dy), p, x, dy)
        else:
            results = both_ways(case, xp, ctx, p, x, dy)
    y, dx, grads = results
    dtypes = {name: str(value.dtype) for name, value in [("y", y), ("dx", dx), *leaves(grads)]}
    assert set(dtypes.values()) == {"float32"}, f"{dtypes}"


def check_engines_agree(case: LayerCase) -> None:
    """NumPy and JAX compute the same y, dx and gradients, given the same noise."""
    p, x, dy = case.params(), case.x(), case.dy()
    xp = same_noise(engine_by_name("numpy").xp, np.asarray)
    y, dx, grads = both_ways(case, xp, case.context("numpy"), p, x, dy)
    with precision("jax", "float64"):
        # Without noise the program that the other checks have compiled is the same.
        jax_y, jax_dx, jax_grads = compiled(case, "same" if case.layer.is_random else "own")(p, x, dy)
    tolerance = agreement(np.float64)
    assert_close(jax_y, y, tolerance)
    assert_close(jax_dx, dx, tolerance)
    assert_trees_close(jax_grads, grads, tolerance)


def check_automatic_derivative(case: LayerCase) -> None:
    """Backward is what jax.vjp derives from forward."""
    p, x, dy = case.params(), case.x(), case.dy()
    xp, ctx = engine_by_name("jax").xp, case.context("jax")

    @jax.jit
    def automatic(p: Params, x: Array, dy: Array) -> Any:
        if case.ids:
            grads = jax.vjp(lambda p: case.layer.forward(xp, p, x, ctx)[0], p)[1](dy)[0]
            return grads, jnp.zeros(x.shape)
        return jax.vjp(lambda p, x: case.layer.forward(xp, p, x, ctx)[0], p, x)[1](dy)

    with precision("jax", "float64"):
        expected_grads, expected_dx = automatic(p, x, dy)
    _, dx, grads = passes(case, "jax")(p, x, dy)
    tolerance = agreement(np.float64)
    assert_close(dx, expected_dx, tolerance)
    assert_trees_close(grads, expected_grads, tolerance)


def check_vmap(case: LayerCase) -> None:
    """Mapped over single samples by jax.vmap under jit, it gives what a loop over the samples gives."""
    p, x, dy = case.params(), case.x()[:, None], case.dy()[:, None]
    mapped = jax.jit(jax.vmap(compiled(case), in_axes=(None, 0, 0)))
    with precision("jax", "float64"):
        results = mapped(p, x, dy)
        loop = [compiled(case)(p, x[n], dy[n]) for n in range(SAMPLES)]
    expected = jax.tree.map(lambda *rows: np.stack(rows), *loop)
    for actual, desired in zip(jax.tree.leaves(results), jax.tree.leaves(expected), strict=True):
        assert_close(actual, desired, agreement(np.float64))


def check_spec_round_trip(case: LayerCase) -> None:
    """Through JSON and back, the layer is the same."""
    network = Network(Sequential((case.layer, Flatten())), case.shape, SquaredError())
    assert network_from_spec(json.loads(json.dumps(network_spec(network)))) == network


def check_layer_equations(case: LayerCase) -> None:
    """The equations say what forward computes and what each derivative is."""
    equations = case.layer.equations
    inner = case.layer.children().get("")
    shared = set() if inner is None else set(inner.params(case.shape))
    names = {name for name, value in case.layer.params(case.shape).items() if not isinstance(value, Mapping)}
    own = {f"d{name}" for name in names - shared}
    assert equations.forward
    assert all(equations.forward)
    assert {"dx"} | own <= set(equations.backward)
    assert all(equations.backward.values())
    assert {name[1:] for name in own} <= set(equations.where)


def check_gradients_alone(case: LayerCase) -> None:
    """`gradients` returns, bit for bit, what `backward` returns second."""
    xp, p, dy = engine_by_name("numpy").xp, case.params(), case.dy()
    _, cache = case.layer.forward(xp, p, case.x(), case.context("numpy"))
    alone = case.layer.gradients(xp, p, cache, dy)
    beside = case.layer.backward(xp, p, cache, dy)[1]
    assert jax.tree.structure(alone) == jax.tree.structure(beside)
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(beside), strict=True))


def check_value_semantics(value: Layer | Loss) -> None:
    """A copy is equal and hashes alike; the fields cannot be set."""
    twin = dataclasses.replace(cast(Any, value))
    assert twin == value
    assert hash(twin) == hash(value)
    assert type(value).__dataclass_params__.frozen  # type: ignore[union-attr]


def check_purity(case: LayerCase) -> None:
    """The same arguments give the same bits, the key included."""
    xp, p, x, dy = engine_by_name("numpy").xp, case.params(), case.x(), case.dy()
    first = both_ways(case, xp, case.context("numpy"), p, x, dy)
    second = both_ways(case, xp, case.context("numpy"), p, x, dy)
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


class _Watched(dict[str, Any]):
    """A cache that notes what is read from it."""

    def __init__(self, values: Mapping[str, Any], read: set[str], prefix: str = "") -> None:
        super().__init__(
            {k: _Watched(v, read, f"{prefix}{k}.") if isinstance(v, dict) else v for k, v in values.items()}
        )
        self._read = read
        self._prefix = prefix

    def __getitem__(self, name: str) -> Any:
        self._read.add(self._prefix + name)
        return super().__getitem__(name)

    def names(self) -> Iterator[str]:
        """Yield all names in it."""
        for name, value in self.items():
            yield self._prefix + name
            if isinstance(value, _Watched):
                yield from value.names()


def check_cache_is_read(case: LayerCase) -> None:
    """The cache holds nothing that neither backward nor update_state reads: memory is for what is needed."""
    xp, p = engine_by_name("numpy").xp, case.params()
    _, cache = case.layer.forward(xp, p, case.x(), case.context("numpy"))
    read: set[str] = set()
    watched = _Watched(cache, read)
    case.layer.backward(xp, p, watched, case.dy())
    if case.train:
        case.layer.update_state(xp, p, watched)
    assert set(watched.names()) == read


def check_state(case: LayerCase) -> None:
    """The new state has exactly the leaves that are not trained, in their shapes, on both engines alike.

    And their gradients are zero while learning.
    """
    specs = dict(leaves(case.layer.params(case.shape)))
    names = {path for path, spec in specs.items() if not spec.trained}
    assert bool(names) == case.layer.has_state
    if not case.train:
        return
    p, x, dy = case.params(), case.x(), case.dy()

    def after(engine: str, p: Params, x: Array) -> tuple[Params, Params]:
        xp = same_noise(engine_by_name(engine).xp, np.asarray if engine == "numpy" else jnp.asarray)
        _, cache = case.layer.forward(xp, p, x, case.context(engine))
        own = dy if engine == "numpy" else jnp.asarray(dy)
        return case.layer.update_state(xp, p, cache), case.layer.backward(xp, p, cache, own)[1]

    state, grads = after("numpy", p, x)
    assert {path: np.shape(value) for path, value in leaves(state)} == {path: specs[path].shape for path in names}
    assert not any(value.any() for path, value in leaves(grads) if path in names)
    with precision("jax", "float64"):
        on_jax, _ = jax.jit(lambda p, x: after("jax", p, x))(p, x)
    assert_trees_close(on_jax, state, agreement(np.float64))


# ---------------------------------------------------------------------------------------------------------- losses

TARGETS: dict[str, Callable[[np.random.Generator, Shape], np.ndarray]] = {
    "any": lambda rng, shape: rng.normal(size=shape) * 2,
    "counts": lambda rng, shape: rng.poisson(2.0, shape).astype(float),
    "binary": lambda rng, shape: rng.integers(0, 2, shape).astype(float),
    "indicator": lambda rng, shape: np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])],
    "mixture": lambda rng, shape: rng.dirichlet(np.ones(shape[-1]), shape[:-1]),
}


@dataclass(frozen=True)
class LossCase:
    """A loss, the number of its outputs, the kind of its targets, and the axes of places between samples and outputs."""

    name: str
    loss: Loss
    outputs: int
    targets: str
    places: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a stream of the case's own for one purpose."""
        return np.random.default_rng((zlib.crc32(self.name.encode()), zlib.crc32(purpose.encode())))

    def a(self, samples: int = 5) -> np.ndarray:
        """Return random logits."""
        return self.rng("a").normal(size=(samples, *self.places, self.outputs)) * 1.5

    def t(self, samples: int = 5) -> np.ndarray:
        """Return random targets."""
        return TARGETS[self.targets](self.rng("t"), (samples, *self.places, self.outputs))

    def w(self, samples: int = 5) -> np.ndarray:
        """Return random sample weights."""
        return self.rng("w").uniform(0.5, 3.0, samples)

    def mask(self, samples: int = 5) -> np.ndarray:
        """Return which places count: some of each half of the samples do, and some do not."""
        mask = self.rng("mask").random((samples, *self.places)) < 0.6
        mask[0], mask[1] = True, False
        return cast(np.ndarray, mask)


NUMPY_XP = engine_by_name("numpy").xp


def cost(
    case: LossCase, a: Array, t: Array, w: Array | None = None, xp: Namespace = NUMPY_XP, mask: Array | None = None
) -> Any:
    """Return J."""
    return case.loss.forward(xp, a, t, w, mask)[0]


def da(
    case: LossCase, a: Array, t: Array, w: Array | None = None, xp: Namespace = NUMPY_XP, mask: Array | None = None
) -> Any:
    """Return ∂J/∂a."""
    return case.loss.backward(xp, case.loss.forward(xp, a, t, w, mask)[1])


def check_loss_derivative(case: LossCase, weighted: bool, masked: bool = False) -> None:
    """The derivative of J along a random direction of a is ⟨da, direction⟩."""
    a, t, w, mask = case.a(), case.t(), case.w() if weighted else None, case.mask() if masked else None
    direction = unit(case.rng("direction"), a.shape)
    expected = derivative(lambda a: float(cost(case, a, t, w, mask=mask)), a, direction)
    assert_close(np.vdot(da(case, a, t, w, mask=mask), direction), expected, numeric(np.float64)[1])


def check_loss_automatic_derivative(case: LossCase, weighted: bool, masked: bool = False) -> None:
    """Backward is what jax.grad derives from forward."""
    a, t, w, mask = case.a(), case.t(), case.w() if weighted else None, case.mask() if masked else None
    xp = engine_by_name("jax").xp
    with precision("jax", "float64"):
        ours, automatic = jax.jit(
            lambda a: (da(case, a, t, w, xp, mask), jax.grad(lambda a: cost(case, a, t, w, xp, mask))(a))
        )(a)
    assert_close(ours, automatic, agreement(np.float64))


def check_loss_engines_agree(case: LossCase) -> None:
    """NumPy and JAX compute the same cost, derivative and predictions."""
    a, t, w, xp = case.a(), case.t(), case.w(), engine_by_name("jax").xp
    with precision("jax", "float64"):
        results = jax.jit(lambda a: (cost(case, a, t, w, xp), da(case, a, t, w, xp), case.loss.link(xp, a)))(a)
    expected = (cost(case, a, t, w), da(case, a, t, w), case.loss.link(NUMPY_XP, a))
    for actual, desired in zip(results, expected, strict=True):
        assert_close(actual, desired, agreement(np.float64))


def check_loss_averages(case: LossCase) -> None:
    """All samples twice cost what they cost once: the loss is a mean, not a sum."""
    a, t = case.a(), case.t()
    twice = cost(case, np.concatenate([a, a]), np.concatenate([t, t]))
    assert_close(twice, cost(case, a, t), agreement(np.float64))


def check_loss_repetition(case: LossCase) -> None:
    """A sample of weight k counts as k samples, in the cost and in the derivative."""
    a, t, k = case.a(), case.t(), np.array([1, 3, 2, 1, 4])
    rows = np.repeat(np.arange(5), k)
    weight = k.astype(float)
    assert_close(cost(case, a, t, weight), cost(case, a[rows], t[rows]), agreement(np.float64))
    summed = np.zeros_like(a)
    np.add.at(summed, rows, da(case, a[rows], t[rows]))
    assert_close(da(case, a, t, weight), summed, agreement(np.float64))


def check_loss_weightless_rows(case: LossCase) -> None:
    """A sample of weight zero counts as no sample, in the cost and in the derivative."""
    a, t, w = case.a(), case.t(), case.w()
    w[3:] = 0.0
    assert_close(cost(case, a, t, w), cost(case, a[:3], t[:3], w[:3]), agreement(np.float64))
    assert_close(da(case, a, t, w)[:3], da(case, a[:3], t[:3], w[:3]), agreement(np.float64))
    assert not da(case, a, t, w)[3:].any()


def perfect_targets(case: LossCase) -> np.ndarray:
    """Return targets of which the logits of the case are the perfect prediction."""
    smoothing = getattr(case.loss, "smoothing", 0.0)
    y = case.loss.link(NUMPY_XP, case.a())
    return cast(np.ndarray, (y - smoothing / case.outputs) / (1 - smoothing))


def check_loss_optimum(case: LossCase) -> None:
    """At a perfect prediction the derivative is zero, and every other prediction costs more."""
    a, t = case.a(), perfect_targets(case)
    assert_close(da(case, a, t), np.zeros_like(a), agreement(np.float64))
    least = cost(case, a, t)
    rng = case.rng("direction")
    for size in (0.01, 0.1, 1.0):
        for _ in range(5):
            assert cost(case, a + size * unit(rng, a.shape), t) > least


def check_loss_float32_stays(case: LossCase, engine: str, weighted: bool) -> None:
    """From float32 logits, targets and weights come a float32 derivative and float32 predictions."""
    a, t = case.a().astype(np.float32), case.t().astype(np.float32)
    w = case.w().astype(np.float32) if weighted else None
    xp = engine_by_name(engine).xp

    def both(a: Array, t: Array, w: Array | None) -> tuple[Any, Any, Any]:
        return cost(case, a, t, w, xp), da(case, a, t, w, xp), case.loss.link(xp, a)

    with precision(engine, "float64"):
        results = jax.eval_shape(both, a, t, w) if engine == "jax" else both(a, t, w)
    assert [str(result.dtype) for result in results] == ["float32"] * 3


def check_loss_extremes(case: LossCase, engine: str, dtype: str) -> None:
    """Logits of ±10⁴, as a network that diverges gives them, have a finite cost and derivative, without a warning."""
    t = case.t().astype(dtype)
    signs = np.where(case.rng("signs").random(t.shape) < 0.5, -1, 1)
    xp = engine_by_name(engine).xp
    for a in (1e4 * signs, np.full(t.shape, 1e4), np.full(t.shape, -1e4)):
        with precision(engine, dtype):
            logits = jnp.asarray(a.astype(dtype)) if engine == "jax" else a.astype(dtype)
            assert np.isfinite(np.asarray(cost(case, logits, t, None, xp)))
            assert np.isfinite(np.asarray(da(case, logits, t, None, xp))).all()
            assert np.isfinite(np.asarray(case.loss.link(xp, logits))).all()


def check_loss_read_only(case: LossCase) -> None:
    """The loss writes to nothing that it was given, the cache included."""
    a, t, w = case.a(), case.t(), case.w()
    freeze({"a": a, "t": t, "w": w})
    for weights in (None, w):
        try:
            _, cache = case.loss.forward(NUMPY_XP, a, t, weights)
            freeze(cache)
            case.loss.backward(NUMPY_XP, cache)
        except ValueError as error:
            raise AssertionError(f"an argument or a cached array was written to: {error}") from error


def check_loss_equations(case: LossCase) -> None:
    """The equations say what the cost is and what its derivative is."""
    assert case.loss.equations.forward
    assert all(case.loss.equations.forward)
    assert set(case.loss.equations.backward) == {"da"}
    assert case.loss.equations.backward["da"]


def check_loss_spec_round_trip(case: LossCase) -> None:
    """Through JSON and back, the loss is the same."""
    network = Network(Sequential((Flatten(),)), (case.outputs,), case.loss)
    assert network_from_spec(json.loads(json.dumps(network_spec(network)))) == network
