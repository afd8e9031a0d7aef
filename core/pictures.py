"""Pictures as models take them: small, upright, sound; the only module that imports Pillow.

Everything here takes its time: call it in a thread.
"""

import functools
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import FileUnread, Why
from core.messages import Image

if TYPE_CHECKING:
    from types import ModuleType

    from PIL.Image import Image as Pixels

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")

MOST_PIXELS = 40_000_000
"""Pixels of a picture that is opened: a large photograph, and 160 MB while it is decoded."""

LARGEST_SIDE = 1536
"""Pixels: above, most models make a picture smaller themselves."""

MOST_BYTES = 1_000_000
"""Bytes of a picture that is sent as PNG or at full quality."""

_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_QUALITIES = (85, 70, 50)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture out of a file; of one that `moves`, it is the first frame."""

    image: Image
    moves: bool = False

    @property
    def size(self) -> int:
        """Roughly how many bytes of memory it takes."""
        return len(self.image.data)


def is_picture(data: bytes) -> bool:
    """Whether bytes begin like a picture that can be read."""
    return data.startswith(_BEGINNINGS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def opened(data: bytes) -> Picture:
    """The picture in a file, no larger than models look at. Raises `FileUnread`."""
    try:
        return _opened(data)
    except FileUnread:
        raise
    except Exception as error:  # what a decoder raises for hostile bytes is any error at all
        name = type(error).__name__  # its words may quote the file
        why = Why.TOO_MANY_PIXELS if name.startswith("DecompressionBomb") else Why.DAMAGED
        raise FileUnread(why, name) from error


def shrunk(image: Image, side: int) -> Image:
    """The same picture, its longer side at most so many pixels."""
    if max(image.width, image.height) <= side:
        return image
    with _pillow().open(io.BytesIO(image.data), formats=FORMATS) as pixels:
        return _encoded(_within(pixels, side), lossless=image.media_type == "image/png")


def within(width: int, height: int, side: int) -> tuple[int, int]:
    """The size that a picture has once its longer side is at most so many pixels."""
    longest = max(width, height)
    if longest <= side:
        return width, height
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


@functools.cache
def _pillow() -> "ModuleType":
    from PIL import Image as pillow  # noqa: N813, PLC0415  # pictures come seldom

    # Also for what decoders open inside of a file; between once and twice as many it only warns.
    pillow.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.filterwarnings("error", category=pillow.DecompressionBombWarning)
    return pillow


def _opened(data: bytes) -> Picture:
    from PIL import ImageOps  # noqa: PLC0415

    with _pillow().open(io.BytesIO(data), formats=FORMATS) as pixels:
        # Only the header was read until here: a bomb is a small file with a large one.
        width, height = pixels.size
        if width * height > MOST_PIXELS:
            raise FileUnread(Why.TOO_MANY_PIXELS, f"{width} x {height} pixels")
        moves = bool(getattr(pixels, "is_animated", False))
        pixels.seek(0)
        pixels.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        lossless = pixels.format in ("PNG", "GIF")
        small = _within(pixels, LARGEST_SIDE)
        return Picture(_encoded(ImageOps.exif_transpose(small), lossless=lossless), moves)


def _within(pixels: "Pixels", side: int) -> "Pixels":
    """A picture in plain colours and of at most so many pixels a side."""
    size = within(*pixels.size, side)
    clear = "A" in pixels.getbands() or "transparency" in pixels.info
    plain = pixels.convert("RGBA" if clear else "RGB")
    plain.info = {}
    if exif := pixels.getexif():
        plain.info["exif"] = exif.tobytes()  # it says which way is up
    if size != plain.size:
        return plain.resize(size, _pillow().Resampling.LANCZOS, reducing_gap=2.0)
    return plain


def _encoded(pixels: "Pixels", *, lossless: bool) -> Image:
    """The picture as a file again: one that our own encoder wrote, without what else was in it."""
    if lossless or pixels.mode == "RGBA":
        data = _saved(pixels, "PNG")
        if len(data) <= MOST_BYTES:
            return Image(data, "image/png", pixels.width, pixels.height)
    solid = _on_white(pixels)
    for quality in _QUALITIES:
        data = _saved(solid, "JPEG", quality=quality)
        if len(data) <= MOST_BYTES:
            break
    return Image(data, "image/jpeg", solid.width, solid.height)


def _saved(pixels: "Pixels", form: str, **options: int) -> bytes:
    out = io.BytesIO()
    pixels.save(out, form, exif=b"", **options)
    return out.getvalue()


def _on_white(pixels: "Pixels") -> "Pixels":
    """Without transparency, which JPEG does not know."""
    if pixels.mode == "RGB":
        return pixels
    ground: Pixels = _pillow().new("RGB", pixels.size, "white")
    ground.paste(pixels, mask=pixels.getchannel("A"))
    return ground
