"""Forged forms, forged and stale webhooks, and files that are traps."""

from __future__ import annotations

import json
import struct
import zlib
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tallystick.base import clock, tenant
from tallystick.base.models import InboundEvent
from tallystick.gateways import signatures
from tallystick.sellers.queries import logo_of
from tallystick.testing.provider import SECRET, add_sandbox
from tallystick.testing.world import World
from tests.permissions.routes import routes
from tests.permissions.stage import changes, known, row_print, set_stage


@pytest.mark.parametrize("token", ["", "x" * 32, "short"])
def test_a_form_with_a_wrong_csrf_token_does_nothing(world: World, token: str) -> None:
    stage, client = set_stage(world), Client(enforce_csrf_checks=True)
    client.force_login(world.alice)
    if token:
        client.cookies["csrftoken"] = "y" * 32
    before, tried = row_print(world.seller_id), 0
    for route in routes():
        if route.door != "staff" or "POST" not in route.methods:
            continue
        answer = client.post(route.url(slug=stage.slug, **known(stage, route.path)), {"csrfmiddlewaretoken": token})
        assert answer.status_code == 403, f"{route.path}: {answer.status_code}"
        tried += 1
    assert tried > 30
    assert changes(before, row_print(world.seller_id)) == []


def test_forged_and_stale_webhooks_leave_nothing(world: World) -> None:
    account, now = add_sandbox(world, "http://127.0.0.1:9"), clock.now()
    body = json.dumps({"id": "evt_1", "kind": "charge.succeeded", "data": {"ref": "cs_1"}}).encode()
    key, other = signatures.read_secret(SECRET), b"another secret of thirty-two bytes"
    stamp = int(now.timestamp())

    def signed(key: bytes, at: int, body: bytes = body, event: str = "evt_1") -> dict[str, str]:
        signature = signatures.sign(key=key, event_id=event, timestamp_s=at, body=body)
        return {"webhook-id": event, "webhook-timestamp": str(at), "webhook-signature": signature}

    hour = int(timedelta(hours=1).total_seconds())
    tries: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body, signed(other, stamp)),
        (body, signed(key, stamp - hour)),
        (body, signed(key, stamp + hour)),
        (body + b" ", signed(key, stamp)),
        (body, {**signed(key, stamp), "webhook-id": "evt_2"}),
        (body, {**signed(key, stamp), "webhook-timestamp": str(stamp + 1)}),
        (body, {**signed(key, stamp), "webhook-signature": "v1,"}),
        (body, {**signed(key, stamp), "webhook-signature": "v2," + "A" * 44}),
        (body, {**signed(key, stamp), "webhook-timestamp": "NaN"}),
        (body, {**signed(key, stamp), "webhook-timestamp": "9" * 400}),
        (body, {**signed(key, stamp), "webhook-signature": "ț" * 2000}),
        (b"{", signed(key, stamp, b"{")),
        (b"[]", signed(key, stamp, b"[]")),
        (b"null", signed(key, stamp, b"null")),
        (b"\x00\xff", signed(key, stamp, b"\x00\xff")),
        (b'{"id": 1, "kind": {}, "data": []}', signed(key, stamp, b'{"id": 1, "kind": {}, "data": []}')),
        (b"[" * 100_000, signed(key, stamp, b"[" * 100_000)),
    ]
    for content, headers in tries:
        answer: Any = Client().post(
            f"/hooks/sandbox/{account}", content, content_type="application/json", headers=headers
        )
        assert answer.status_code in {400, 413}, f"{content[:40]!r} {headers}: {answer.status_code} {answer.content!r}"
    with tenant.tx(world.seller_id, read_only=True):
        assert not InboundEvent.objects.exists()
    right = Client().post(
        f"/hooks/sandbox/{account}", body, content_type="application/json", headers=signed(key, stamp)
    )
    assert right.status_code == 200


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(width: int, height: int) -> bytes:
    """A PNG of some kilobytes that unpacks to gigabytes."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10_000_000), 9)) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG whose comment unpacks to a hundred megabytes."""
    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    whole, comment = out.getvalue(), b"Comment\x00\x00" + zlib.compress(bytes(100_000_000), 9)
    return whole[:33] + chunk(b"zTXt", comment) + whole[33:]


SVG = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>
<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><text>&c;</text></svg>"""
TRAPS = {
    "20 MB": lambda: b"\x89PNG\r\n\x1a\n" + bytes(20 * 1024 * 1024),
    "svg bomb": lambda: SVG,
    "svg called png": lambda: b"   " + SVG,
    "png bomb": lambda: bomb(50_000, 50_000),
    "long thin bomb": lambda: bomb(2**31 - 1, 1),
    "text bomb": text_bomb,
    "empty": lambda: b"",
    "text": lambda: b"GIF89a but not really",
    "cut off": lambda: bomb(100, 100)[:60],
    "html": lambda: b"<html><script>alert(1)</script>",
    "gzip": lambda: b"\x1f\x8b" + bytes(100),
    "eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run",
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_logo_that_is_a_trap(world: World, trap: str) -> None:
    client, url = Client(), f"/s/{world.slug}/settings/branding"
    client.force_login(world.alice)
    before = row_print(world.seller_id)
    logo = SimpleUploadedFile("logo.png", TRAPS[trap](), content_type="image/png")
    answer = client.post(url, {"brand": "#123abc", "logo": logo})
    assert answer.status_code in {413, 422}, answer.status_code
    assert changes(before, row_print(world.seller_id)) == [], "half saved: the colour without the logo"
    assert b"#123abc" in answer.content or answer.status_code == 413, "the colour that was typed is gone"
    with tenant.tx(world.seller_id, read_only=True):
        assert logo_of(world.seller_id) is None


@pytest.mark.parametrize(
    "name",
    [
        "../../x.pdf",
        "a\x00b.pdf",
        "\u202efdp.exe",
        "x" * 2000 + ".pdf",
        '"; rm -rf.pdf',
        "=cmd.csv",
        "x\r\nSet-Cookie: a=b.txt",
    ],
)
def test_a_file_with_a_hostile_name(world: World, name: str) -> None:
    invoice_id, client = world.invoice(), Client()
    client.force_login(world.alice)
    url = f"/s/{world.slug}/invoices/{invoice_id}"
    upload = SimpleUploadedFile("placeholder", b"content", content_type="text/html; charset=evil")
    upload._name = name
    answer = client.post(f"{url}/files", {"file": upload})
    assert answer.status_code in {302, 400}
    page = client.get(url)
    assert page.status_code == 200
    for link in {
        part.split('"')[0] for part in page.content.decode().split('href="') if "/files/" in part.split('"')[0]
    }:
        got: Any = client.get(link)
        assert got.status_code == 200
        assert got["Content-Type"] == "application/octet-stream"
        assert got["Content-Disposition"].startswith("attachment")
        assert "\n" not in got["Content-Disposition"]


def test_files_too_big_and_too_dangerous(world: World) -> None:
    invoice_id, client = world.invoice(), Client()
    client.force_login(world.alice)
    url = f"/s/{world.slug}/invoices/{invoice_id}/files"
    before = row_print(world.seller_id)
    for name, content in (
        ("big.pdf", bytes(11 * 1024 * 1024)),
        ("a.exe", b"MZ"),
        ("a.svg", SVG),
        ("a.html", b"<script>"),
        ("e.pdf", b""),
    ):
        assert client.post(url, {"file": SimpleUploadedFile(name, content)}).status_code == 302
    assert changes(before, row_print(world.seller_id)) == []
