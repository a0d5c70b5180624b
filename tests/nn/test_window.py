"""Windows: where they stand, and what is said when they do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn import AvgPool2D, Conv2D, Dense, Flatten, Layer, MaxPool2D, Sequential
from chainrule.window import Window


@pytest.mark.parametrize("size", range(4, 12))
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_same_padding_gives_as_many_places_as_steps_begin_on_the_image(size: int, stride: int, kernel: int) -> None:
    height, width, _ = Conv2D(1, kernel, stride=stride, padding="same").output_shape((size, size + 1, 1))
    assert (height, width) == (-(-size // stride), -(-(size + 1) // stride))


def test_the_odd_row_of_same_padding_comes_after_the_image() -> None:
    assert Conv2D(1, 2, padding="same").window((4, 4, 1)).padding == ((0, 1), (0, 1))


def test_places_are_counted_with_stride_dilation_and_padding() -> None:
    # A kernel of 3 with dilation 2 reaches over 5 of 7 + 2 rows: it stands at rows 0, 2 and 4.
    assert Window((3, 1), (2, 1), (2, 1), ((1, 1), (0, 0))).places((7, 4)) == (3, 4)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            Conv2D(8, 5),
            r"the kernel of Conv2D to fit.*kernel of 5 × 5 on an image of 4 × 6 \(input shape \(4, 6, 3\)\)",
        ),
        (Conv2D(8, 3, dilation=2), r"a kernel of 3 × 3, 5 × 5 with its dilation, on an image of 4 × 6"),
        (MaxPool2D(5), r"the window of MaxPool2D to fit.*a window of 5 × 5 on an image of 4 × 6"),
        (AvgPool2D((1, 7)), r"a window of 1 × 7 on an image of 4 × 6"),
    ],
    ids=["conv", "dilated", "max pool", "average pool"],
)
def test_a_kernel_larger_than_the_image_is_told_with_both_shapes_and_the_remedy(layer: Layer, words: str) -> None:
    with pytest.raises(ShapeError, match=words + r".*Use a smaller .*padding='same', or fewer pools"):
        layer.output_shape((4, 6, 3))


def test_the_layer_that_does_not_fit_is_named_in_its_stack() -> None:
    stack = Sequential((Conv2D(4), MaxPool2D(), Conv2D(4, 5), Flatten(), Dense(2)), ("c1", "p1", "c2", "f", "out"))
    with pytest.raises(ShapeError, match=r"layer 'c2': the kernel of Conv2D .* 5 × 5 on an image of 3 × 3"):
        stack.output_shape((8, 8, 1))


def test_an_image_without_channels_is_refused_with_the_reshape_that_helps() -> None:
    with pytest.raises(ShapeError, match=r"Conv2D to receive images of shape \(H, W, C\).*Reshape\(\(28, 28, 1\)\)"):
        Conv2D(8).output_shape((28, 28))


def test_a_vector_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"MaxPool2D to receive images.*\(784,\).*Reshape"):
        MaxPool2D().output_shape((784,))


@pytest.mark.parametrize(
    "settings", [{"kernel": (3, 3, 3)}, {"stride": 0}, {"kernel": (3,)}, {"dilation": 1.5}], ids=str
)
def test_a_setting_that_is_neither_a_number_nor_a_pair_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(settings))} of Conv2D"):
        Conv2D(8, **settings)  # type: ignore[arg-type]


def test_a_list_is_kept_as_a_tuple() -> None:
    assert Conv2D(8, [3, 5]).kernel == (3, 5)  # type: ignore[arg-type]


def test_taps_of_numpy_are_views_where_there_is_no_padding() -> None:
    from chainrule.engine.windows import taps

    x = np.zeros((1, 4, 4, 1))
    assert all(np.shares_memory(tap, x) for tap in taps(x, Window((2, 2), (2, 2))))
