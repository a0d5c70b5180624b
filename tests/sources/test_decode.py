"""Pictures of every mode, size and damage become pixels of one form, or a reason."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chainrule.sources.decode import conversions, decode, quiet, read_head

SIZE = (3, 4)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return io.BytesIO(buffer.getvalue())


def plain(colour: Any, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (4, 3), colour)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(side: int) -> io.BytesIO:
    """Return a whole little PNG that declares side × side pixels."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b""))


deep = Image.fromarray(np.full((3, 4), 51 * 257, np.uint16))
palette = plain((255, 0, 0)).convert("P")
half = plain((255, 0, 0, 128), "RGBA")
KINDS: dict[str, tuple[Image.Image, str, tuple[int, int, int]]] = {
    "RGB": (plain((10, 20, 30)), "PNG", (10, 20, 30)),
    "grey": (plain(77, "L"), "PNG", (77, 77, 77)),
    "black and white": (plain(1, "1"), "PNG", (255, 255, 255)),
    "16-bit": (deep, "PNG", (51, 51, 51)),
    "16-bit TIFF": (deep, "TIFF", (51, 51, 51)),
    "floating-point": (Image.fromarray(np.full((3, 4), 0.2, np.float32)), "TIFF", (51, 51, 51)),
    "palette": (palette, "PNG", (255, 0, 0)),
    "half transparent": (half, "PNG", (255, 127, 127)),
    "grey and wholly transparent": (plain((9, 0), "LA"), "PNG", (255, 255, 255)),
    "CMYK": (plain((0, 255, 255, 0), "CMYK"), "TIFF", (255, 0, 0)),
    "bitmap": (plain((10, 20, 30)), "BMP", (10, 20, 30)),
    "PPM": (plain((10, 20, 30)), "PPM", (10, 20, 30)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_any_mode_becomes_eight_bit_rgb(kind: str) -> None:
    image, form, colour = KINDS[kind]
    pixels = decode(saved(image, form), SIZE, grey=False)
    assert (pixels.shape, pixels.dtype) == ((3, 4, 3), np.uint8)
    assert np.abs(pixels.astype(int) - colour).max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_any_mode_becomes_grey(kind: str) -> None:
    image, form, (r, g, b) = KINDS[kind]
    pixels = decode(saved(image, form), SIZE, grey=True)
    assert pixels.shape == (3, 4, 1)
    # The luma of ITU-R 601, which Pillow's grey is.
    assert np.abs(pixels.astype(int) - (0.299 * r + 0.587 * g + 0.114 * b)).max() <= 1


def test_a_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    raw = saved(palette, "PNG", transparency=palette.getpixel((0, 0)))
    assert decode(raw, SIZE, grey=True).min() == 255


def test_of_an_animation_the_first_frame_is_taken() -> None:
    raw = saved(plain(40, "L"), "GIF", save_all=True, append_images=[plain(200, "L")])
    head = read_head(raw)
    assert (head.animated, int(decode(raw, SIZE, grey=True).max())) == (True, 40)


def test_another_size_is_the_mean_of_what_each_pixel_covers() -> None:
    checks = Image.fromarray(np.indices((64, 64)).sum(axis=0).astype(np.uint8) % 2 * 255)
    np.testing.assert_allclose(decode(saved(checks), (8, 8), grey=True), 127, atol=8)


def test_a_photograph_that_a_camera_turned_is_turned_back() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = saved(plain((0, 0, 0)), "JPEG", exif=exif)
    assert read_head(raw).size == (4, 3)


@pytest.mark.parametrize("side", [9_500, 20_000])
def test_a_bomb_is_refused_by_its_pixel_count(side: int) -> None:
    with quiet(), pytest.raises(ValueError, match="more than 89,478,485"):
        read_head(bomb(side))


@pytest.mark.parametrize("content", [b"", b"hello, I am a picture", saved(plain(3, "L")).getvalue()[:30]])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a picture|damaged"):
        decode(io.BytesIO(content), SIZE, grey=True)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "TIFF"])
def test_a_cut_picture_is_refused(form: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
    raw = saved(noise, form).getvalue()
    with pytest.raises(ValueError, match=r"not a picture|damaged"):
        decode(io.BytesIO(raw[: len(raw) // 2]), SIZE, grey=True)


def test_what_is_done_is_said() -> None:
    gif = saved(plain(40, "L"), "GIF", save_all=True, append_images=[plain(200, "L")])
    heads = [read_head(saved(KINDS[kind][0])) for kind in ("RGB", "16-bit", "half transparent")]
    heads += [read_head(gif), read_head(saved(Image.new("RGB", (9, 9))))]
    assert conversions(heads, SIZE, grey=False) == [
        "pictures of 2 sizes from 3×4 to 9×9 are resized to 3×4 (`image_size`)",
        f"pictures converted to RGB: 1 16-bit, 1 RGB with alpha, 1 {'grey' if heads[3].mode == 'L' else 'palette'}",
        "pictures with transparent parts, laid on white: 1",
        "animated pictures, of which the first frame is taken: 1",
    ]


def test_nothing_done_is_nothing_said() -> None:
    assert conversions([read_head(saved(plain((1, 2, 3))))], SIZE, grey=False) == []
