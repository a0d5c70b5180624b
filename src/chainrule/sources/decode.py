"""Picture files become pixels of one size and one colour; what had to be changed for it is said."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

# As many as Pillow itself takes without a warning; a photograph has a tenth to a half.
MOST_PIXELS = 89_478_485
_MODES = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with alpha",
    "I;16": "16-bit",
    "I;16B": "16-bit",
    "I;16L": "16-bit",
    "I": "16-bit",
    "F": "floating-point",
    "P": "palette",
    "PA": "palette with alpha",
    "RGB": "RGB",
    "RGBA": "RGB with alpha",
    "RGBa": "RGB with alpha",
    "CMYK": "CMYK",
    "YCbCr": "YCbCr",
    "LAB": "Lab",
    "HSV": "HSV",
}
_GREY = frozenset({"1", "L", "LA", "I;16", "I;16B", "I;16L", "I", "F"})
_DEEP = frozenset({"I;16", "I;16B", "I;16L", "I", "F"})


@dataclass(frozen=True)
class Head:
    """What the head of a picture file says, before a pixel of it is decoded."""

    size: tuple[int, int]
    mode: str
    animated: bool
    has_alpha: bool

    @property
    def is_grey(self) -> bool:
        """Whether it has no colour."""
        return self.mode in _GREY

    @property
    def is_deep(self) -> bool:
        """Whether its pixels may have more than 8 bits."""
        return self.mode in _DEEP


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[Any]:
    """Open a picture whose pixels are few enough; whatever is wrong with it comes as a ValueError with the reason."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise ValueError(f"{width:,}×{height:,} pixels, more than {MOST_PIXELS:,}")
            yield image
    except UnidentifiedImageError as error:
        raise ValueError("not a picture") from error
    except Image.DecompressionBombError as error:
        count = re.search(r"\d+", str(error))
        raise ValueError(f"{int(count[0]) if count else 0:,} pixels, more than {MOST_PIXELS:,}") from error
    except ValueError:
        raise
    except Exception as error:
        # Pillow's decoders have no common base for what a damaged file raises; whatever it is, it is the file's fault.
        raise ValueError(f"damaged: {error}"[:120]) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Pillow's warnings on odd files, which the notes tell better; around all threads, not inside one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_head(file: IO[bytes]) -> Head:
    """Return what a picture is, or raise ValueError with the reason why it is none."""
    with _opened(file) as image:
        has_alpha = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
        # The orientation that a camera noted down turns the picture.
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        width, height = image.size
        size = (width, height) if turned else (height, width)
        return Head(size, image.mode, bool(getattr(image, "is_animated", False)), has_alpha)


def greatest(file: IO[bytes]) -> int:
    """Return the greatest pixel of a picture of 16 bits, or raise ValueError with the reason why it is none."""
    with _opened(file) as image:
        values = np.asarray(image)
        return int(values.max()) if values.dtype.kind in "iu" and values.size else 0


def bits_of(pixel: int) -> int:
    """Return how many bits the pixels of pictures have, given the greatest of them: cameras give 10, 12, 14 or 16."""
    return next((bits for bits in (10, 12, 14) if pixel < 1 << bits), 16)


def decode(file: IO[bytes], size: tuple[int, int], *, grey: bool, bits: int = 16) -> np.ndarray:
    """Return the pixels (H, W, 1 or 3) of the first frame as bytes, or raise ValueError with the reason.

    What is transparent becomes white; 16 bits, of which `bits` are used, become 8; the picture is stretched to `size` (height, width) where it
    has another, each new pixel the mean of the old ones that it covers.
    """
    from PIL import Image, ImageOps

    with _opened(file) as image:
        image.seek(0) if getattr(image, "is_animated", False) else None
        if image.format == "JPEG":
            # A large photograph is decoded at a half, a quarter or an eighth, if that is still enough.
            image.draft("L" if grey else "RGB", (2 * size[1], 2 * size[0]))
        whole = ImageOps.exif_transpose(image)
        flat = _flattened(whole, bits)
        picture = flat.convert("L" if grey else "RGB")
        if picture.size != (size[1], size[0]):
            picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        pixels = np.array(picture, np.uint8)
    return pixels[..., None] if grey else pixels


def _flattened(image: Any, bits: int) -> Any:
    """Return a picture of 8 bits a channel without transparency."""
    from PIL import Image

    if image.mode in _DEEP:
        return Image.fromarray(_eight_bits(np.asarray(image), bits))
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "RGBa", "La"):
        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, clear).convert("RGB")
    return image


def _eight_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """Return values of so many bits, or floating-point ones between 0 and 1 or 0 and 255, as bytes."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
        scaled = values * 255 if values.size and values.max() <= 1 else values
    else:
        scaled = values * (255 / ((1 << bits) - 1))
    eight: np.ndarray = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return eight


def conversions(heads: list[Head], size: tuple[int, int], *, grey: bool) -> list[str]:
    """Return what is done to pictures so that all become alike, in words."""
    notes = []
    sizes = Counter(head.size for head in heads)
    if set(sizes) != {size}:
        small, large = min(sizes, key=_area), max(sizes, key=_area)
        came = f"{len(sizes)} sizes from {_by(small)} to {_by(large)}" if len(sizes) > 1 else f"{_by(small)} pixels"
        notes.append(f"pictures of {came} are resized to {_by(size)} (`image_size`)")
    wanted = "L" if grey else "RGB"
    others = Counter(_MODES.get(head.mode, head.mode) for head in heads if head.mode != wanted)
    if others:
        listed = ", ".join(f"{count} {mode}" for mode, count in others.most_common())
        notes.append(f"pictures converted to {'8-bit grey' if grey else 'RGB'}: {listed}")
    clear = sum(head.has_alpha for head in heads)
    if clear:
        notes.append(f"pictures with transparent parts, laid on white: {clear}")
    animated = sum(head.animated for head in heads)
    if animated:
        notes.append(f"animated pictures, of which the first frame is taken: {animated}")
    return notes


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
