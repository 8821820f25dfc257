"""The animated picture is a sound APNG of its frames."""

import struct
import zlib

import pytest

from tests.pictures.apng import SIGNATURE, animated, smaller


def still(shade: int, width: int = 2) -> bytes:
    """A grey PNG of one row."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes([0] + [shade] * width), 0)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def kinds(png: bytes) -> list[bytes]:
    """The names of its chunks, whose checksums are checked on the way."""
    at, found = len(SIGNATURE), []
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        body = png[at + 4 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length]) == (zlib.crc32(body),)
        found.append(body[:4])
        at += length + 12
    return found


def test_frames_follow_each_other() -> None:
    moving = animated([(still(0), 100), (still(255), 200)])
    assert kinds(moving) == [b"IHDR", b"acTL", b"fcTL", b"IDAT", b"fcTL", b"fdAT", b"IEND"]


def test_a_still_stays_what_it_shows() -> None:
    assert kinds(smaller(still(7, width=500))) == [b"IHDR", b"IDAT", b"IEND"]
    assert len(smaller(still(7, width=500))) < len(still(7, width=500))


def test_frames_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one kind"):
        animated([(still(0), 100), (still(0, width=3), 100)])
    with pytest.raises(ValueError, match="one kind"):
        animated([])
