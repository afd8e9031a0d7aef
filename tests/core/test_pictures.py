import io
from itertools import product

import pytest
from PIL import Image

from core.errors import FileUnread, Why
from core.pictures import LARGEST_SIDE, MOST_BYTES, opened, shrunk, within
from tests.papers import bomb, png


def made(form, mode="RGB", size=(300, 200), **options):
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(out, form, **options)
    return out.getvalue()


def seen(picture):
    return Image.open(io.BytesIO(picture.image.data))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures_of_four_kinds_are_opened(form):
    picture = opened(made(form))

    assert (picture.image.width, picture.image.height) == seen(picture).size == (300, 200)
    assert picture.image.media_type in ("image/png", "image/jpeg")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_whatever_its_colours(mode):
    assert opened(made("PNG", mode)).image.media_type == "image/png"


def test_a_large_one_is_made_smaller_and_keeps_its_shape():
    picture = opened(made("JPEG", size=(6000, 3000)))

    assert seen(picture).size == (LARGEST_SIDE, LARGEST_SIDE // 2)


def test_one_with_much_in_it_is_sent_as_jpeg():
    out = io.BytesIO()
    Image.effect_noise((1500, 1500), 90).convert("RGBA").save(out, "PNG")
    picture = opened(out.getvalue())

    assert picture.image.media_type == "image/jpeg"
    assert picture.size <= MOST_BYTES


def test_a_photograph_is_upright_and_says_nothing_of_where_it_was_taken():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "at home"
    picture = opened(made("JPEG", exif=exif.tobytes()))

    assert seen(picture).size == (200, 300)
    assert not seen(picture).getexif()
    assert b"at home" not in picture.image.data


def test_of_a_moving_one_the_first_frame_is_seen():
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    picture = opened(out.getvalue())

    assert picture.moves
    assert seen(picture).convert("RGB").getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (8000, 6000), (2**31 - 1, 1)])
def test_a_bomb_is_not_opened(width, height):
    with pytest.raises(FileUnread) as failed:
        opened(bomb(width, height).data)

    assert failed.value.why is Why.TOO_MANY_PIXELS


@pytest.mark.parametrize("size", [9, 40, 200, 2000])
def test_a_broken_one_is_damaged(size):
    with pytest.raises(FileUnread) as failed:
        opened(png(1000, 800).data[:size])

    assert failed.value.why is Why.DAMAGED


def test_other_formats_are_not_even_tried():
    with pytest.raises(FileUnread):
        opened(made("TIFF"))


def test_it_can_be_made_smaller_again():
    image = opened(png(1200, 600).data).image
    small = shrunk(image, 512)

    assert (small.width, small.height) == (512, 256)
    assert shrunk(small, 512) is small


def test_no_side_becomes_nothing():
    for width, height in product((1, 3, 5000), repeat=2):
        assert all(1 <= side <= 512 for side in within(width, height, 512))
