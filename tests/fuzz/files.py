"""Files that nobody should attach: small valid ones with something in them changed, and bombs."""

import codecs
import io
import random
import struct
import zlib

from PIL import Image, PngImagePlugin

from tests import papers

PIECES = (
    *(
        b"\x00",
        b"\xff",
        b"\xff\xff\xff\xff",
        b"\x7f\xff\xff\xff",
        b"\x80\x00\x00\x00",
        b"\x00" * 64,
    ),
    *(b"%PDF-1.7\n", b"endobj", b"stream\n", b"endstream", b" obj\n<<", b">>" * 50, b"<<" * 300),
    *(b"[" * 3000, b"(" * 3000, b"/Kids [2 0 R]", b"/Parent 5 0 R", b"1 0 R", b"99999999 0 R"),
    *(b"/Length 999999999", b"/Count -1", b"/Count 2147483648", b"/Filter /FlateDecode"),
    *(b"/Filter [/ASCIIHexDecode /LZWDecode /RunLengthDecode]", b"/Prev 9", b"/Encrypt 1 0 R"),
    *(b"IHDR", b"IDAT", b"acTL", b"zTXt", b"iCCP", b"eXIf", b"Exif\x00\x00MM\x00*", b"\xff\xd8"),
    *(b"\xff\xda", b"\xff\xc0", b"\xff\xc4", b"\xff\xe1\xff\xff", b"GIF89a", b",", b"!\xf9\x04"),
    *(b"VP8X", b"VP8L", b"VP8 ", b"ANIM", b"ANMF", b"RIFF", b"\xed\xa0\x80", b"\xc3", b"\xfe\xff"),
    *(b"\xff\xfe\x00\x00", codecs.BOM_UTF8, b"\x1b[31m", b"\r", b"\xe2\x80\xae"),
)
"""What stands in files where their readers decide something."""


def seeds():
    """Small valid files of every kind that is read, by name."""
    return {
        **{f"{form}.{mode}".lower(): picture(form, mode) for form, mode in _PICTURES},
        "moving.gif": moving("GIF"),
        "moving.webp": moving("WEBP"),
        "upright.jpeg": turned(),
        "texts.png": with_texts(),
        "paper.pdf": papers.pdf("One page", "and another").data,
        "packed.pdf": packed(b"BT /F1 12 Tf 72 720 Td (Packed) Tj ET"),
        "scan.pdf": papers.scan().data,
        **{f"{name}.txt": text.encode(name, "replace") for name in _ENCODINGS for text in [_TEXT]},
        **{f"{name}-mark.txt": mark + _TEXT.encode(name) for name, mark in _MARKED.items()},
    }


_PICTURES = (
    *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    *(("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
    *(("GIF", mode) for mode in ("L", "P")),
    *(("WEBP", mode) for mode in ("RGB", "RGBA")),
)
_TEXT = "Größe; Preis\nzwölf; 3 €\nПривет, 世界 👋\n" * 9  # noqa: RUF001 - Cyrillic it is
_ENCODINGS = ("utf-8", "cp1252", "cp1251", "koi8-r", "shift_jis", "gb18030", "utf-16-le", "latin-1")
_MARKED = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def picture(form, mode, size=(24, 16)):
    """A picture in a form and a mode of its pixels."""
    pixels = Image.linear_gradient("L").resize(size)
    return _saved(pixels.convert(mode) if mode != "I;16" else Image.new(mode, size, 700), form)


def moving(form, frames=3, size=(24, 16)):
    """A picture that moves."""
    first, *rest = (Image.new("RGB", size, (n * 40 % 255, 9, 9)) for n in range(frames))
    return _saved(first, form, save_all=True, append_images=rest)


def turned():
    """A photograph that says which way is up."""
    pixels = Image.new("RGB", (24, 16), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "described"
    return _saved(pixels, "JPEG", exif=exif)


def with_texts():
    """A PNG with everything beside its pixels."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "a title", zip=True)
    info.add_itxt("Comment", "ein Wort", "de", zip=True)
    return _saved(
        Image.new("P", (24, 16)), "PNG", pnginfo=info, dpi=(72, 72), icc_profile=b"x" * 99
    )


def packed(stream, times=1, *, filters=b"/FlateDecode", count=1, pack=zlib.compress):
    """A PDF whose one page has such contents, compressed, so many times."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count %d >>" % count,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    contents = b" ".join(b"%d 0 R" % (5 + n) for n in range(times))
    objects.append(
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents [%s] "
        b"/Resources << /Font << /F1 3 0 R >> >> >>" % contents
    )
    data = pack(stream)
    whole = b"<< /Length %d /Filter %s >>\nstream\n%s\nendstream" % (len(data), filters, data)
    return pdf_of([*objects, *[whole] * times])


def pdf_of(objects, trailer=b""):
    """A PDF of these objects, the first of which is its root."""
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    out += b"trailer << /Size %d /Root 1 0 R %s >>\n" % (size, trailer)
    return out + b"startxref\n%d\n%%%%EOF" % start


def _twice(data):
    return zlib.compress(zlib.compress(data, 9), 9)


def bombs():
    """What makes small files that take much of whoever reads them, by name."""
    words = b"BT /F1 12 Tf (a) Tj ET\n"
    deep = b"[" * 50_000 + b"]" * 50_000
    kids = b" ".join([b"2 0 R"] * 50)
    return {
        "wide.png": lambda: papers.bomb().data,
        "long.png": lambda: papers.bomb(1, 2**31 - 1).data,
        "just-too-large.png": lambda: papers.bomb(7000, 6000).data,
        "large.gif": lambda: _gif(65535, 65535),
        "large.webp": lambda: _webp(16383, 16383),
        "large.jpeg": lambda: _jpeg(65535, 65535),
        "frames.gif": lambda: moving("GIF", 500),
        "text.png": lambda: _png_with(
            b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)
        ),
        "texts.png": lambda: _png_with(
            *[b"zTXt", b"C\0\0" + zlib.compress(bytes(900_000), 9)] * 200
        ),
        "profile.png": lambda: _png_with(b"iCCP", b"p\0\0" + zlib.compress(bytes(50_000_000), 9)),
        "exif.jpeg": _exif_that_goes_round,
        "zip.pdf": lambda: packed(bytes(100_000_000)),
        "zip-twice.pdf": lambda: packed(
            bytes(100_000_000), filters=b"[/FlateDecode /FlateDecode]", pack=_twice
        ),
        "zip-many.pdf": lambda: packed(bytes(60_000_000), times=40),
        "words.pdf": lambda: packed(words * 3_000_000),
        "names.pdf": lambda: packed(b"/F1 12 Tf " * 300_000),
        "brackets.pdf": lambda: packed(b"BT " + deep + b" TJ ET"),
        "brackets-open.pdf": lambda: packed(b"[" * 5_000_000),
        "words-open.pdf": lambda: packed(b"(" * 5_000_000),
        "inline.pdf": lambda: packed(b"BI /W 9 ID " * 300_000),
        "nested.pdf": lambda: pdf_of([b"<< /Type /Catalog /Pages 2 0 R /X %s >>" % deep, b"<< >>"]),
        "nested-dicts.pdf": lambda: pdf_of([b"<< /A " * 30_000 + b">>" * 30_000]),
        "circle.pdf": lambda: pdf_of(
            [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]
        ),
        "circles.pdf": lambda: pdf_of(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [%s 3 0 R] /Count 9 >>" % kids,
                b"<< /Type /Pages /Kids [%s] /Count 9 >>" % kids.replace(b"2", b"3"),
            ]
        ),
        "tree.pdf": _tree,
        "counts.pdf": lambda: packed(words, count=2_000_000_000),
        "forms.pdf": _forms,
        "prev.pdf": lambda: pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>"], b"/Prev 9 /XRefStm 9"),
        "header.pdf": lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 50_000,
        "nothing.pdf": lambda: b"%PDF-1.7\n" + b"\n" * 4_000_000,
        "font.pdf": _font_that_maps_all,
        "line.txt": lambda: b"a" * 19_000_000,
        "old.txt": lambda: "ж".encode("cp1251") * 10_000_000 + b"\n",
        "half.txt": lambda: codecs.BOM_UTF16_LE + b"\x00\xd8" * 1_000_000,
    }


def _tree(depth=60):
    """Pages of which each has the next one twice: more than there are atoms."""
    knots = [
        b"<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count 9 >>" % (n, n) for n in range(3, 3 + depth)
    ]
    root = b"<< /Type /Catalog /Pages 2 0 R >>"
    return pdf_of([root, *knots, b"<< /Type /Page /MediaBox [0 0 9 9] >>"])


def _forms(depth=40):
    """A page that shows a form twice, which shows a form twice …"""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R %s >>"
        % b"/Resources << /XObject << /X 4 0 R >> >>",
    ]
    for n in range(depth):
        stream = b"/X Do /X Do"
        objects.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length %d /Resources << /XObject "
            b"<< /X %d 0 R >> >> >>\nstream\n%s\nendstream" % (len(stream), n + 5, stream)
        )
    return pdf_of([*objects, b"<< >>"])


def _font_that_maps_all():
    """A font whose table says that there are millions of letters."""
    table = b"1 beginbfrange <0000> <FFFFFFFF> <0000> endbfrange\n" * 20_000
    data = zlib.compress(table)
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 5 0 R %s >>"
            % b"/Resources << /Font << /F1 4 0 R >> >>",
            b"<< /Type /Font /Subtype /Type0 /BaseFont /X /ToUnicode 6 0 R >>",
            b"<< /Length 29 >>\nstream\nBT /F1 12 Tf <00010002> Tj ET\nendstream",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(data), data),
        ]
    )


def _png_with(*chunks):
    """A PNG with chunks, kinds and data by turns, before its pixels."""
    whole = picture("PNG", "RGB")
    added = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in zip(chunks[::2], chunks[1::2], strict=True)
    )
    return whole[:33] + added + whole[33:]


def _gif(width, height):
    whole = picture("GIF", "L")
    return whole[:6] + struct.pack("<HH", width, height) + whole[10:]


def _webp(width, height):
    lossy = _saved(Image.new("RGB", (16, 16)), "WEBP")
    at = lossy.index(b"\x9d\x01\x2a") + 3
    return lossy[:at] + struct.pack("<HH", width, height) + lossy[at + 4 :]


def _jpeg(width, height):
    whole = picture("JPEG", "RGB")
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


def _exif_that_goes_round():
    """Directories of which each says that the next one is itself."""
    entry = struct.pack(">HHII", 0x8769, 4, 1, 8)
    tiff = b"MM\x00*" + struct.pack(">I", 8) + struct.pack(">H", 1) + entry + struct.pack(">I", 8)
    body = b"Exif\x00\x00" + tiff
    whole = picture("JPEG", "RGB")
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + whole[2:]


def spoilt(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """A file with one to six things in it changed, or only a part of it."""
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        at = chance.randint(0, len(data))
        match chance.randrange(8):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + chance.choice(PIECES) + data[at:]
            case 2:
                piece = chance.choice(PIECES)
                data = data[:at] + piece + data[at + len(piece) :]
            case 3 if data:
                at = min(at, len(data) - 1)
                data = data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
            case 4:
                data = data[:at] + chance.randbytes(chance.choice((1, 4, 40))) + data[at:]
            case 5:
                end = chance.randint(at, min(len(data), at + 400))
                data = data[:at] + data[at:end] * chance.choice((2, 30)) + data[end:]
            case 6:
                other = chance.choice(others)
                data = data[:at] + other[chance.randint(0, len(other)) :]
            case _:
                data = _renumbered(chance, data)
    return data


def _renumbered(chance: random.Random, data: bytes) -> bytes:
    """Another number in the place of one that stands in it as digits; that is how PDFs count."""
    digits = [n for n, byte in enumerate(data) if 48 <= byte <= 57]
    if not digits:
        return data
    at = chance.choice(digits)
    number = chance.choice((b"0", b"-1", b"9", b"2147483648", b"99999999999999999999", b"1e9"))
    return data[:at] + number + data[at + 1 :]


def _saved(pixels, form, **options):
    out = io.BytesIO()
    pixels.save(out, form, **options)
    return out.getvalue()
