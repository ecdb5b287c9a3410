"""What is known of each service: what to paste and where it is found, how anymail is told, what DNS has to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop

TIMEOUT_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceField:
    """A setting to paste. `help` says where it is found; with `choices` it is picked; English, translated by doors."""

    name: str
    label: str
    help: str
    is_secret: bool = False
    is_required: bool = True
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service. `settings` turns the pasted options into anymail's keyword arguments.

    `hook` is how its webhooks prove themselves: `signature` by a key of its own, else `password` in the address (Amazon
    signs as well). `hook_help` says where the address is pasted and what to tick. `spf` is what SPF has to include, at
    `spf_at` under the domain; `selector` the name of its DKIM key where that is fixed; `headers` what makes it leave ours
    alone.
    """

    name: str
    label: str
    backend: str
    fields: tuple[ServiceField, ...]
    settings: Callable[[Mapping[str, str]], dict[str, Any]]
    hook: str
    hook_help: str
    takes_inline: bool = True
    spf: str = ""
    spf_at: str = ""
    selector: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def _region(*choices: tuple[str, str]) -> ServiceField:
    return ServiceField(
        name="region",
        label=gettext_noop("Region"),
        help=gettext_noop("Where your account keeps its data. A key of one region is unknown in the other."),
        choices=choices,
    )


def _amazon(options: Mapping[str, str]) -> dict[str, Any]:
    """One try, short waits, no proxy and no shared configuration: the sweep decides what is sent again."""
    limits = {
        "connect_timeout": 3,
        "read_timeout": TIMEOUT_S,
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        "proxies": {},
    }
    client = {
        "region_name": options["region"],
        "aws_access_key_id": options["access_key_id"],
        "aws_secret_access_key": options["secret_access_key"],
        "config": limits,
    }
    return {"client_params": client, "configuration_set_name": options.get("configuration_set") or None}


POSTMARK = Service(
    name="postmark",
    label="Postmark",
    backend="anymail.backends.postmark.EmailBackend",
    fields=(
        ServiceField(
            name="server_token",
            label=gettext_noop("Server API token"),
            help=gettext_noop("In Postmark: your server, then API Tokens."),
            is_secret=True,
        ),
    ),
    settings=lambda options: {"server_token": options["server_token"]},
    hook="password",
    hook_help=gettext_noop(
        "In Postmark: your server, Transactional Stream, Webhooks, Add webhook. "
        "Tick Delivery, Bounce, Spam complaint and Open."
    ),
    headers={"X-PM-KeepID": "true"},
)
MAILGUN = Service(
    name="mailgun",
    label="Mailgun",
    backend="anymail.backends.mailgun.EmailBackend",
    fields=(
        ServiceField(
            name="api_key",
            label=gettext_noop("Sending key"),
            help=gettext_noop("In Mailgun: Send, Domain settings, Sending keys. An account key works too."),
            is_secret=True,
        ),
        ServiceField(
            name="sender_domain",
            label=gettext_noop("Domain"),
            help=gettext_noop("As it stands under Send, Domains, like mg.example.com."),
        ),
        _region(("us", "US"), ("eu", "EU")),
        ServiceField(
            name="webhook_signing_key",
            label=gettext_noop("Webhook signing key"),
            help=gettext_noop("In Mailgun: Send, Webhooks, HTTP webhook signing key."),
            is_secret=True,
            is_required=False,
        ),
    ),
    settings=lambda options: {
        "api_key": options["api_key"],
        "sender_domain": options["sender_domain"],
        "api_url": f"https://api{'.eu' if options.get('region') == 'eu' else ''}.mailgun.net/v3",
    },
    hook="signature",
    hook_help=gettext_noop(
        "In Mailgun: Send, Webhooks, Add webhook, for your domain. Add it for delivered, permanent fail, temporary fail, "
        "spam complaint and opened."
    ),
    spf="mailgun.org",
)
AMAZON_SES = Service(
    name="amazon_ses",
    label="Amazon SES",
    backend="anymail.backends.amazon_ses.EmailBackend",
    fields=(
        ServiceField(
            name="access_key_id",
            label=gettext_noop("Access key ID"),
            help=gettext_noop("In AWS: IAM, a user that may ses:SendEmail and nothing else, Security credentials."),
        ),
        ServiceField(
            name="secret_access_key",
            label=gettext_noop("Secret access key"),
            help=gettext_noop("AWS shows it once, when the key is made."),
            is_secret=True,
        ),
        _region(
            ("eu-west-1", "EU (Ireland)"),
            ("eu-central-1", "EU (Frankfurt)"),
            ("eu-west-2", "UK (London)"),
            ("eu-west-3", "EU (Paris)"),
            ("eu-north-1", "EU (Stockholm)"),
            ("eu-south-1", "EU (Milan)"),
            ("us-east-1", "US East (N. Virginia)"),
            ("us-east-2", "US East (Ohio)"),
            ("us-west-2", "US West (Oregon)"),
            ("ca-central-1", "Canada (Central)"),
            ("ap-southeast-2", "Asia Pacific (Sydney)"),
        ),
        ServiceField(
            name="configuration_set",
            label=gettext_noop("Configuration set"),
            help=gettext_noop("The one whose events go to the topic below. Without it SES tells us nothing."),
            is_required=False,
        ),
    ),
    settings=_amazon,
    hook="password",
    hook_help=gettext_noop(
        "In AWS: SNS, a standard topic, Create subscription, protocol HTTPS, raw message delivery off. Then SES, "
        "Configuration sets, Event destinations: send delivery, bounce, complaint, reject, delay and open to that topic. "
        "The subscription is confirmed by itself."
    ),
    spf="amazonses.com",
)
BREVO = Service(
    name="brevo",
    label="Brevo",
    backend="anymail.backends.brevo.EmailBackend",
    fields=(
        ServiceField(
            name="api_key",
            label=gettext_noop("API key"),
            help=gettext_noop("In Brevo: your name, SMTP & API, API keys. It starts with xkeysib-."),
            is_secret=True,
        ),
    ),
    settings=lambda options: {"api_key": options["api_key"]},
    hook="password",
    hook_help=gettext_noop(
        "In Brevo: Transactional, Settings, Webhook. Tick delivered, hard bounce, soft bounce, deferred, spam, blocked, "
        "invalid email and opened."
    ),
    takes_inline=False,
    spf="spf.brevo.com",
    selector="brevo1",
)
RESEND = Service(
    name="resend",
    label="Resend",
    backend="anymail.backends.resend.EmailBackend",
    fields=(
        ServiceField(
            name="api_key",
            label=gettext_noop("API key"),
            help=gettext_noop("In Resend: API Keys. Sending access is enough. It starts with re_."),
            is_secret=True,
        ),
        ServiceField(
            name="signing_secret",
            label=gettext_noop("Webhook signing secret"),
            help=gettext_noop("Resend shows it once the webhook below is added. It starts with whsec_."),
            is_secret=True,
            is_required=False,
        ),
    ),
    settings=lambda options: {"api_key": options["api_key"]},
    hook="signature",
    hook_help=gettext_noop(
        "In Resend: Webhooks, Add webhook. Tick email.delivered, email.bounced, email.delivery_delayed, email.complained "
        "and email.opened."
    ),
    spf="amazonses.com",
    spf_at="send",
    selector="resend",
)

SERVICES: Mapping[str, Service] = {each.name: each for each in (POSTMARK, MAILGUN, AMAZON_SES, BREVO, RESEND)}
