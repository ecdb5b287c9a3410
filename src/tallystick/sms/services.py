"""What is known of each provider: what to paste and where it is found, and what it tells us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_noop


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsField:
    """A setting to paste. `help` says where it is found; English, translated by doors."""

    name: str
    label: str
    help: str
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsService:
    """One provider. `tells`: it reports deliveries and passes answers on, to an address that is pasted as `hook_help` says.

    `has_sender`: it is told whom a text comes from. `is_play`: nothing leaves the house.
    """

    name: str
    label: str
    about: str
    fields: tuple[SmsField, ...]
    tells: bool = True
    has_sender: bool = True
    is_play: bool = False
    hook_help: str = ""


TWILIO = SmsService(
    name="twilio",
    label="Twilio",
    about=gettext_noop("By its API, with delivery receipts and answers"),
    fields=(
        SmsField(
            name="account_sid",
            label=gettext_noop("Account SID"),
            help=gettext_noop("On the first page of the Twilio console, under Account Info. It starts with AC."),
        ),
        SmsField(
            name="auth_token",
            label=gettext_noop("Auth token"),
            help=gettext_noop("Beside the Account SID. It also proves that what Twilio tells us is Twilio's."),
            is_secret=True,
        ),
    ),
    hook_help=gettext_noop(
        "In Twilio: Phone Numbers, your number, Messaging configuration, “A message comes in”: Webhook, HTTP POST. "
        "Delivery receipts come by themselves."
    ),
)
VONAGE = SmsService(
    name="vonage",
    label="Vonage",
    about=gettext_noop("By its SMS API, with delivery receipts and answers"),
    fields=(
        SmsField(
            name="api_key",
            label=gettext_noop("API key"),
            help=gettext_noop("In the Vonage dashboard: API settings."),
        ),
        SmsField(
            name="api_secret",
            label=gettext_noop("API secret"),
            help=gettext_noop("Beside the API key."),
            is_secret=True,
        ),
        SmsField(
            name="signature_secret",
            label=gettext_noop("Signature secret"),
            help=gettext_noop(
                "In API settings, SMS settings: choose the SMS API, signed webhooks, and the method SHA-256 HMAC."
            ),
            is_secret=True,
        ),
    ),
    hook_help=gettext_noop(
        "In Vonage: Numbers, your number, Inbound webhook URL; and in API settings, Inbound SMS webhooks, with the method "
        "POST. Delivery receipts come by themselves."
    ),
)
APPRISE = SmsService(
    name="apprise",
    label=gettext_noop("Another provider"),
    about=gettext_noop("By an Apprise address; without delivery receipts"),
    fields=(
        SmsField(
            name="url",
            label=gettext_noop("Apprise address"),
            help=gettext_noop(
                "As Apprise writes your provider's, with {to} in the place of the number: clicksend://user:key@{to}, "
                "or plivo://id:token@sender/{to}. The sender is a part of it."
            ),
            is_secret=True,
        ),
    ),
    tells=False,
    has_sender=False,
)
SANDBOX = SmsService(
    name="sandbox",
    label=gettext_noop("Sandbox phone"),
    about=gettext_noop("A telephone on a page: nothing is sent, everything can be tried"),
    fields=(),
    is_play=True,
)
SERVICES: Mapping[str, SmsService] = {one.name: one for one in (TWILIO, VONAGE, APPRISE, SANDBOX)}
