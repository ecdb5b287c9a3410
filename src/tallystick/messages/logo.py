"""The seller's logo, which travels with each email as an inline picture."""

from __future__ import annotations

from tallystick.mail.port import Attachment

_CID = "logo@tallystick"


def logo_cid(logo: bytes | None) -> str:
    """Return the Content-ID that the HTML names the logo by, empty without one."""
    return _CID if logo else ""


def logo_part(logo: bytes | None) -> tuple[Attachment, ...]:
    """Return the picture (PNG) to attach, nothing without one."""
    if not logo:
        return ()
    return (Attachment(filename="logo.png", content_type="image/png", content=logo, content_id=_CID),)
