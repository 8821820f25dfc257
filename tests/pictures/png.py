"""Small PNGs, still and animated, out of screenshots: 256 colours, and of each frame only what changed."""

import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_COLOURS = 256
CHANNELS = 3

Pixels = NDArray[np.int32]
"""Rows of pixels, each its red, green and blue in one number; or, with a palette, its place in that."""


def small(png: bytes) -> bytes:
    """The same still picture with at most 256 colours, those that are rare being replaced by the nearest.

    Raises:
        ValueError: it is no PNG of eight bits a channel, without transparency and interlacing.
    """
    picture = pixels(png)
    palette = palette_of([picture])
    body = _chunk(b"IDAT", _packed(placed(picture, palette)))
    return SIGNATURE + _head(picture, palette) + body + _chunk(b"IEND", b"")


def animated(frames: Sequence[tuple[bytes, int]]) -> bytes:
    """One animated PNG that runs for ever, as https://www.w3.org/TR/png-3/ describes it.

    Args:
        frames: still PNGs of one size, each with how many milliseconds it is shown.

    Returns:
        The bytes of the file; what knows no animation shows the first frame.

    Raises:
        ValueError: there are no frames, they differ in size, or one is not as `small` needs it.
    """
    pictures = [pixels(png) for png, _ in frames]
    if len({picture.shape for picture in pictures}) != 1:
        raise ValueError("An animation needs frames, and all of one size.")
    palette = palette_of(pictures)
    parts = [_head(pictures[0], palette), _chunk(b"acTL", struct.pack(">II", len(frames), 0))]
    number = 0
    before: Pixels | None = None
    for picture, (_, milliseconds) in zip(pictures, frames, strict=True):
        top, bottom, left, right = _changed(before, picture)
        size = (right - left, bottom - top, left, top)
        parts.append(_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, *size, milliseconds, 1000, 0, 0)))
        data = _packed(placed(picture[top:bottom, left:right], palette))
        if before is None:
            parts.append(_chunk(b"IDAT", data))
        else:
            number += 1
            parts.append(_chunk(b"fdAT", struct.pack(">I", number) + data))
        number += 1
        before = picture
    return SIGNATURE + b"".join(parts) + _chunk(b"IEND", b"")


def pixels(png: bytes) -> Pixels:
    """The pixels of a PNG; ValueError when it is not as `small` needs it."""
    head = _chunks_of(png, b"IHDR")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if (depth, kind, interlaced) != (8, 2, 0):
        raise ValueError(f"A picture of depth {depth} and colour type {kind} is not one of plain RGB.")
    data = zlib.decompress(_chunks_of(png, b"IDAT"))
    stride = width * CHANNELS
    rows, above = bytearray(), bytearray(stride)
    for start in range(0, height * (stride + 1), stride + 1):
        above = _unfiltered(data[start], bytearray(data[start + 1 : start + 1 + stride]), above)
        rows += above
    channels = np.frombuffer(bytes(rows), dtype=np.uint8).reshape(height, width, CHANNELS).astype(np.int32)
    return (channels[..., 0] << 16) | (channels[..., 1] << 8) | channels[..., 2]


def palette_of(pictures: Sequence[Pixels]) -> NDArray[np.int32]:
    """The colours that are most common in some pictures, at most 256."""
    colours, counts = np.unique(np.concatenate([each.ravel() for each in pictures]), return_counts=True)
    return np.sort(colours[np.argsort(-counts, kind="stable")[:MOST_COLOURS]])


def placed(picture: Pixels, palette: NDArray[np.int32]) -> Pixels:
    """Each pixel as the place of the nearest colour of a palette."""
    colours, where = np.unique(picture, return_inverse=True)
    distances = ((_channels(colours)[:, None] - _channels(palette)[None]) ** 2).sum(axis=2)
    nearest: Pixels = distances.argmin(axis=1).astype(np.int32)[where].reshape(picture.shape)
    return nearest


def _channels(colours: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.stack([colours >> 16, (colours >> 8) & 255, colours & 255], axis=1)


def _changed(before: Pixels | None, now: Pixels) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what differs; one pixel where nothing does."""
    if before is None:
        return 0, now.shape[0], 0, now.shape[1]
    down, across = np.nonzero(before != now)
    if down.size == 0:
        return 0, 1, 0, 1
    return int(down.min()), int(down.max()) + 1, int(across.min()), int(across.max()) + 1


def _unfiltered(kind: int, line: bytearray, above: bytearray) -> bytearray:
    """A row of bytes with PNG's filter of that kind undone, given the row above it."""
    for at in range(len(line)):
        left = line[at - CHANNELS] if at >= CHANNELS else 0
        corner = above[at - CHANNELS] if at >= CHANNELS else 0
        guess = (0, left, above[at], (left + above[at]) // 2, 0)[kind]
        line[at] = (line[at] + (_paeth(left, above[at], corner) if kind == 4 else guess)) & 255
    return line


def _paeth(left: int, above: int, corner: int) -> int:
    """The neighbour that is nearest to left + above - corner."""
    far_left, far_above, far_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    if far_left <= far_above and far_left <= far_corner:
        return left
    return above if far_above <= far_corner else corner


def _head(picture: Pixels, palette: NDArray[np.int32]) -> bytes:
    height, width = picture.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return _chunk(b"IHDR", head) + _chunk(b"PLTE", _channels(palette).astype(np.uint8).tobytes())


def _packed(places: Pixels) -> bytes:
    """Rows of places as PNG data: each begins with the filter that does nothing."""
    rows = np.pad(places.astype(np.uint8), ((0, 0), (1, 0)))
    return zlib.compress(rows.tobytes(), 9)


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
