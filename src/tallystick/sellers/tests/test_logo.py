"""Logos: anything hostile gets a clear answer, everything else becomes a small PNG."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from tallystick.sellers.errors import InvalidLogo
from tallystick.sellers.logo import MOST_BYTES, clean_logo


def picture(kind: str, size: tuple[int, int], mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, size, 0).save(out, kind)
    return out.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims to be `side` squared."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("GIF", "P"), ("PNG", "I;16")]
)
def test_pictures_become_small_pngs(kind: str, mode: str) -> None:
    kept = Image.open(BytesIO(clean_logo(picture(kind, (1800, 500), mode))))
    assert kept.format == "PNG"
    assert kept.width <= 600
    assert kept.height <= 200


def test_nothing_hidden_survives() -> None:
    out = BytesIO()
    Image.new("RGB", (10, 10)).save(out, "JPEG", exif=b"Exif\0\0secret place", comment=b"secret words")
    assert b"secret" not in clean_logo(out.getvalue() + b"secret tail")


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (b"x" * (MOST_BYTES + 1), "too_big"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "svg"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">]><svg/>', "svg"),
        (b"", "not_an_image"),
        (b"GIF89a", "not_an_image"),
        (b"%PDF-1.7", "not_an_image"),
        (picture("PNG", (300, 300))[:80], "not_an_image"),
        (bomb(30_000), "too_many_pixels"),
        (bomb(7_000), "too_many_pixels"),
    ],
)
def test_hostile_files_are_refused(upload: bytes, reason: str) -> None:
    with pytest.raises(InvalidLogo) as refused:
        clean_logo(upload)
    assert refused.value.reason == reason
