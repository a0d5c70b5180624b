"""A window that moves over images: how large, how far from step to step, and with how much padding."""

from __future__ import annotations

from typing import NamedTuple


class Window(NamedTuple):
    """How a window moves over an image, along height and width: p rows and columns of padding stand around it.

    Attributes
    ----------
    size : (int, int)
        Height and width of the window, in taps.
    stride : (int, int)
        s: steps from one window to the next.
    dilation : (int, int)
        d: steps from one tap to the next.
    padding : ((int, int), (int, int))
        Rows before and after the image, columns before and after.
    """

    size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))

    @property
    def reach(self) -> tuple[int, int]:
        """Height and width from the first tap to the last, both included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.size, self.dilation, strict=True))  # type: ignore[return-value]

    def places(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return how many windows fit below each other and side by side on an image of `size`."""
        spans = zip(size, self.padding, self.reach, self.stride, strict=True)
        return tuple((n + before + after - reach) // s + 1 for n, (before, after), reach, s in spans)  # type: ignore[return-value]

    def turned(self, size: tuple[int, int], places: tuple[int, int]) -> Window:
        """Return how the kernel, turned by half a turn, moves over dy (with s - 1 zeros between its values) to dx.

        `size` is that of dx, `places` that of dy. The result must be as long as x, n:
        (places - 1) s + 1 + before + after - (reach - 1) = n.
        """
        padding = []
        for i, n in enumerate(size):
            before = self.reach[i] - 1 - self.padding[i][0]
            padding.append((before, n - (places[i] - 1) * self.stride[i] - 1 - before + self.reach[i] - 1))
        return Window(self.size, (1, 1), self.dilation, (padding[0], padding[1]))

    @property
    def is_tiling(self) -> bool:
        """Whether the windows neither overlap nor leave a gap."""
        return self.stride == self.size and self.dilation == (1, 1)
