"""The documentation's pictures are sound PNGs that show what the screenshots showed."""

import struct
import zlib

import pytest

from tests.pictures.png import SIGNATURE, animated, palette_of, pixels, small

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
Colour = tuple[int, int, int]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows: list[bytes], width: int, kind: int = 2) -> bytes:
    """A PNG of rows that begin with their filter."""
    head = struct.pack(">IIBBBBB", width, len(rows), 8, kind, 0, 0, 0)
    data = zlib.compress(b"".join(rows), 0)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def plain(*rows: list[Colour]) -> bytes:
    return png([bytes([0]) + bytes(sum(row, ())) for row in rows], len(rows[0]))


def chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a file, their checksums checked on the way."""
    at, found = len(SIGNATURE), []
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        body = content[at + 4 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length]) == (zlib.crc32(body),)
        found.append((body[:4], body[4:]))
        at += length + 12
    return found


def test_every_filter_of_png_is_undone() -> None:
    """Each row says 10, 20, 30 for its first pixel and 12, 22, 32 for its second, in another way."""
    first = bytes([0, 10, 20, 30, 12, 22, 32])
    rows = [
        first,
        bytes([1, 10, 20, 30, 2, 2, 2]),
        bytes([2, 0, 0, 0, 0, 0, 0]),
        bytes([3, 5, 10, 15, 1, 1, 1]),
        bytes([4, 0, 0, 0, 0, 0, 0]),
    ]
    found = pixels(png(rows, 2))
    assert (found == found[0]).all()
    assert found[0].tolist() == [0x0A141E, 0x0C1620]


def test_a_small_picture_keeps_its_colours() -> None:
    made = dict(chunks(small(plain([RED, BLUE], [WHITE, RED]))))
    palette = [tuple(made[b"PLTE"][at : at + 3]) for at in range(0, len(made[b"PLTE"]), 3)]
    data = zlib.decompress(made[b"IDAT"])
    shown = [[palette[place] for place in data[start + 1 : start + 3]] for start in (0, 3)]
    assert shown == [[RED, BLUE], [WHITE, RED]]


def test_more_colours_than_a_palette_holds_become_their_neighbours() -> None:
    many = plain([(red, green, 0) for red in range(20) for green in range(20)])
    assert len(palette_of([pixels(many)])) == 256
    assert len(dict(chunks(small(many)))[b"PLTE"]) == 3 * 256


def test_an_animation_holds_of_each_frame_only_what_has_changed() -> None:
    frames = [(plain([RED, RED], [RED, RED]), 100), (plain([RED, RED], [RED, BLUE]), 200)]
    made = chunks(animated(frames))
    assert [kind for kind, _ in made] == [
        *(b"IHDR", b"PLTE", b"acTL", b"fcTL", b"IDAT", b"fcTL", b"fdAT", b"IEND")
    ]
    controls = [struct.unpack(">IIIIIHHBB", data) for kind, data in made if kind == b"fcTL"]
    assert controls == [(0, 2, 2, 0, 0, 100, 1000, 0, 0), (1, 1, 1, 1, 1, 200, 1000, 0, 0)]


def test_what_is_no_screenshot_is_refused() -> None:
    with pytest.raises(ValueError, match="no PNG"):
        small(b"GIF89a")
    with pytest.raises(ValueError, match="plain RGB"):
        small(png([bytes([0, 1])], 1, kind=0))
    with pytest.raises(ValueError, match="one size"):
        animated([(plain([RED]), 1), (plain([RED, RED]), 1)])
    with pytest.raises(ValueError, match="one size"):
        animated([])
