"""The seller's own way of sending mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.base.inputs import is_email
from tallystick.base.secrets import seal, unseal
from tallystick.mail.port import Transport
from tallystick.mail.services import SERVICES
from tallystick.sellers import _check
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.models import MailRoute

SECURITY = ("starttls", "tls", "none")
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server as typed: `security` is starttls, tls or none; an empty password means the stored one."""

    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)


def mail_route() -> tuple[str, Transport] | None:
    """Return the seller's own sender address and transport, or None when the default route serves. Inside `tenant.tx`."""
    route = MailRoute.objects.exclude(kind=DEFAULT).first()
    return None if route is None else (route.sender_address, _transport(route))


def mail_settings() -> MailRoute | None:
    """Return how the seller's mail goes out, its secrets sealed, or None while nothing was chosen. Inside `tenant.tx`."""
    return MailRoute.objects.first()


def service_options(kind: str) -> dict[str, str]:
    """Return what is stored of a service's settings, secrets among them; empty for another. Inside `tenant.tx`."""
    route = MailRoute.objects.filter(kind=kind).first()
    return unseal(route.sealed_login) if route and kind in SERVICES else {}


def save_mail_route(
    *,
    seller_id: UUID,
    host: str,
    port: int,
    security: str,
    sender_address: str,
    username: str = "",
    password: str = "",
    now: datetime,
    actor_id: UUID | None = None,
) -> None:
    """Send through the seller's own server from now on. An empty password keeps the stored one. Raises InvalidSettings.

    A stored password goes only to the server it was given for: with another host, port or user it has to be typed again.
    """
    server, sender_address = _tidy(Server(host, port, security, username, password), sender_address)
    with tenant.tx(seller_id, actor_id=actor_id):
        known = MailRoute.objects.select_for_update().first()
        login = {"username": username, "password": _password(known, server)}
        values = {"kind": "smtp", "host": server.host, "port": port, "security": security}
        _keep(seller_id, {**values, "sender_address": sender_address, "sealed_login": seal(login)})
        _tell(seller_id, server.host, now, actor_id)


def typed_route(*, seller_id: UUID, server: Server, sender_address: str) -> tuple[str, Transport]:
    """Return the route that these settings would make, to be tried before they are saved. Raises InvalidSettings."""
    server, sender_address = _tidy(server, sender_address)
    with tenant.tx(seller_id, read_only=True):
        password = _password(MailRoute.objects.first(), server)
    return sender_address, _smtp(server, password)


def save_mail_service(
    *,
    seller_id: UUID,
    kind: str,
    sender_address: str,
    options: Mapping[str, str],
    now: datetime,
    actor_id: UUID | None = None,
) -> None:
    """Send through one of `mail.services` from now on. An empty secret keeps the stored one.

    Raises InvalidSettings, its problems named after the service's fields, and LookupError for an unknown service.
    """
    service, sender_address = SERVICES[kind], sender_address.strip().lower()
    with tenant.tx(seller_id, actor_id=actor_id):
        MailRoute.objects.select_for_update().first()
        stored, merged, problems = service_options(kind), {}, {}
        for one in service.fields:
            value = options.get(one.name, "").strip()
            merged[one.name] = value or (stored.get(one.name, "") if one.is_secret else "")
            if one.is_required and not merged[one.name]:
                problems[one.name] = "required"
            elif one.choices and merged[one.name] not in dict(one.choices):
                problems[one.name] = "region"
            elif not merged[one.name].isascii() or not merged[one.name].isprintable():
                problems[one.name] = "control"
        if not is_email(sender_address):
            problems["sender_address"] = "sender_address"
        if problems:
            raise InvalidSettings(problems)
        values = {"kind": kind, "host": "", "sender_address": sender_address, "sealed_login": seal(merged)}
        _keep(seller_id, values)
        _tell(seller_id, service.label, now, actor_id)


def remove_mail_route(*, seller_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Send through the default route again, forgetting passwords and keys. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        own = MailRoute.objects.exclude(kind=DEFAULT)
        if own.update(kind=DEFAULT, host="", sender_address="", sealed_login=seal({})):
            _tell(seller_id, "", now, actor_id)


def _transport(route: MailRoute) -> Transport:
    opened = unseal(route.sealed_login)
    if route.kind in SERVICES:
        return Transport(kind=route.kind, host="", port=0, options=opened)
    server = Server(route.host, route.port, route.security, opened.get("username", ""))
    return _smtp(server, opened.get("password", ""))


def _smtp(server: Server, password: str) -> Transport:
    return Transport(
        kind="smtp",
        host=server.host,
        port=server.port,
        username=server.username,
        password=password,
        use_tls=server.security == "starttls",
        use_ssl=server.security == "tls",
        timeout_s=60,
    )


def _tidy(server: Server, sender_address: str) -> tuple[Server, str]:
    """Return what was typed without its spaces. Raises InvalidSettings."""
    host, sender_address = server.host.strip().lower(), sender_address.strip().lower()
    tests = {
        "host": _check.is_host(host),
        "port": 1 <= server.port <= 65535,
        "security": server.security in SECURITY,
        "sender_address": is_email(sender_address),
    }
    problems = {name: name for name, fits in tests.items() if not fits}
    if problems:
        raise InvalidSettings(problems)
    return Server(host, server.port, server.security, server.username, server.password), sender_address


def _password(known: MailRoute | None, server: Server) -> str:
    """Return the password to use: the typed one, else the one stored for this server. Raises InvalidSettings."""
    if server.password or not server.username or known is None or known.kind != "smtp":
        return server.password
    login = unseal(known.sealed_login)
    if (known.host, known.port, login.get("username")) != (server.host, server.port, server.username):
        raise InvalidSettings({"password": "password"})
    return login.get("password", "")


def _keep(seller_id: UUID, values: Mapping[str, Any]) -> None:
    MailRoute.objects.update_or_create(seller_id=seller_id, defaults=values, create_defaults={"id": new_id(), **values})


def _tell(seller_id: UUID, host: str, now: datetime, actor_id: UUID | None) -> None:
    events.record(
        "seller.mail_route_changed",
        seller_id=seller_id,
        subject_id=seller_id,
        now=now,
        actor_id=actor_id,
        host=host,
    )
