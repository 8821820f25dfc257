"""Animated PNGs out of screenshots: pure, from the bytes of still PNGs to those of one that moves."""

import struct
import zlib
from collections.abc import Iterator, Sequence

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def animated(frames: Sequence[tuple[bytes, int]]) -> bytes:
    """One animated PNG that runs for ever, as https://www.w3.org/TR/png-3/ describes it.

    Args:
        frames: still PNGs of one size and colour type, each with how many milliseconds it is shown.

    Returns:
        The bytes of the file; what knows no animation shows the first frame.

    Raises:
        ValueError: there are no frames, or they differ in size or colour type.
    """
    heads = {_chunks_of(png, b"IHDR") for png, _ in frames}
    if len(heads) != 1:
        raise ValueError(f"The frames must be PNGs of one kind; these have {len(heads)} kinds.")
    [head] = heads
    width, height = struct.unpack(">II", head[:8])
    parts = [_chunk(b"IHDR", head), _chunk(b"acTL", struct.pack(">II", len(frames), 0))]
    number = 0
    for index, (png, milliseconds) in enumerate(frames):
        control = struct.pack(">IIIIIHHBB", number, width, height, 0, 0, milliseconds, 1000, 0, 0)
        parts.append(_chunk(b"fcTL", control))
        number += 1
        data = recompressed(_chunks_of(png, b"IDAT"))
        if index == 0:
            parts.append(_chunk(b"IDAT", data))
        else:
            parts.append(_chunk(b"fdAT", struct.pack(">I", number) + data))
            number += 1
    return SIGNATURE + b"".join(parts) + _chunk(b"IEND", b"")


def smaller(png: bytes) -> bytes:
    """The same still PNG, its data compressed as well as zlib can."""
    head, data = _chunks_of(png, b"IHDR"), _chunks_of(png, b"IDAT")
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", recompressed(data)) + _chunk(b"IEND", b"")


def recompressed(data: bytes) -> bytes:
    """A zlib stream, compressed again as well as zlib can."""
    return zlib.compress(zlib.decompress(data), 9)


def _chunks_of(png: bytes, kind: bytes) -> bytes:
    """The data of all chunks of a kind, joined."""
    return b"".join(data for name, data in _chunks(png) if name == kind)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not png.startswith(SIGNATURE):
        raise ValueError("This is no PNG.")
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
