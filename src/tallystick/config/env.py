"""Every setting an operator can give, typed, validated whole at start. `docs/guide/settings.md` describes each one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tallystick.mail.dkim_key import public_record

ROOT = Path(__file__).parents[3]


class Environment(BaseSettings):
    """Read from environment variables; nothing is required for a demo."""

    model_config = SettingsConfigDict(env_prefix="TALLYSTICK_", extra="ignore", hide_input_in_errors=True)

    mode: Literal["production", "demo", "development", "test"] = Field(
        "development",
        description="production insists on HTTPS, a public URL and a secret key; demo fills in the sign-in.",
    )
    data_dir: Path = Field(
        ROOT / "var", description="Where the embedded database, the demo mailbox and the key file live."
    )
    database_url: str = Field(
        "", validation_alias="DATABASE_URL", description="PostgreSQL 15 or later; empty starts the embedded server."
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", description="The address customers reach; it stands in every link we send."
    )
    allowed_hosts: str = Field("", description="Further host names to answer to, separated by commas.")
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs sessions and links, encrypts gateway keys; made on first start outside production.",
    )
    old_secret_keys: SecretStr = Field(
        SecretStr(""), description="Former secret keys, separated by commas, that may still open what they closed."
    )
    smtp_host: str = Field("127.0.0.1", description="Host of the default mail route.")
    smtp_port: int = Field(25, description="Port of the default mail route.", ge=1, le=65535)
    smtp_user: str = Field("", description="User name of the default mail route; empty for none.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password of the default mail route.")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "none", description="How the default mail route is secured."
    )
    mail_domain: str = Field(
        "", description="Domain that the default mail route sends from; empty takes the host of the public URL."
    )
    mail_from: str = Field(
        "", description="Sender address of the default mail route; empty is noreply-invoice@ the mail domain."
    )
    dkim_key_file: Path | None = Field(
        None, description="Private key that signs what goes by the default mail route; `./tally dkim-key` makes one."
    )
    dkim_selector: str = Field("tally", description="Name of that key in DNS.", pattern=r"^[A-Za-z0-9-]{1,63}$")
    dkim_domain: str = Field("", description="Domain that signs; empty takes that of the sender address.")
    bounce_address: str = Field(
        "",
        pattern=r"^$|^[a-z0-9._-]{1,20}@[a-z0-9.-]+$",
        description="Where bounces of the default mail route come back to, with a mark after a plus; empty collects none.",
    )
    imap_host: str = Field("", description="Host of the mailbox behind the bounce address; empty when none is read.")
    imap_port: int = Field(993, description="Port of that mailbox.", ge=1, le=65535)
    imap_security: Literal["tls", "starttls", "none"] = Field("tls", description="How that mailbox is secured.")
    imap_user: str = Field("", description="User name of that mailbox.")
    imap_password: SecretStr = Field(SecretStr(""), description="Password of that mailbox.")
    imap_folder: str = Field("INBOX", description="Folder of that mailbox.")
    incoming_days: int = Field(
        90, ge=1, le=3650, description="Days that incoming mail is kept as it came; what was read from it stays longer."
    )
    lmtp_bind: str = Field(
        "",
        pattern=r"^$|^[\w.:\[\]-]+:\d{1,5}$",
        description="Address and port to take incoming mail by LMTP, as in 127.0.0.1:2424; empty for none.",
    )
    incoming_secret: SecretStr = Field(
        SecretStr(""), description="Secret of a mail server that posts incoming mail to /hooks/mail; empty for none."
    )
    sandbox_url: str = Field("", description="Address of the sandbox payment provider; empty hides it.")
    mailbox_url: str = Field("", description="Address of the demo mailbox, linked from the start page; empty hides it.")
    phone_url: str = Field("", description="Address of the demo's sandbox phone; empty hides it.")
    trusted_proxies: int = Field(0, description="How many proxies in front add X-Forwarded-For.", ge=0)
    bind: str = Field("127.0.0.1", description="The address the web server listens on.")
    web_workers: int = Field(2, description="Web processes.", ge=1)
    workers: int = Field(2, description="Worker processes; the demo has one.", ge=1)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="What is worth a line in the log."
    )

    @property
    def dkim_key(self) -> bytes:
        """The key that signs the default route's mail; empty for none. Raises OSError."""
        return self.dkim_key_file.read_bytes() if self.dkim_key_file else b""

    @property
    def sender(self) -> str:
        """The sender address of the default mail route."""
        host = urlsplit(self.public_url).hostname or "localhost"
        if host.replace(".", "").isdigit() or ":" in host:
            host = "localhost"
        return self.mail_from or f"noreply-invoice@{self.mail_domain or host}"

    @property
    def is_local(self) -> bool:
        """Whether this is a machine of a developer, a test or a demo."""
        return self.mode != "production"


class BadSettings(SystemExit):
    """The environment can't be used; the message names each variable and what is wrong with it."""


def read_environment() -> Environment:
    """Read and validate all settings. Raises BadSettings, in the operator's words, naming variables, never values."""
    try:
        env = Environment()
    except ValidationError as error:
        lines = [f"  {'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
        raise BadSettings("These settings can't be used:\n" + "\n".join(lines)) from None
    if env.mode == "production":
        _refuse_unsafe(env)
    _check_dkim_key(env)
    if not env.secret_key.get_secret_value():
        env.secret_key = SecretStr(_local_key(env.data_dir))
    return env


def _refuse_unsafe(env: Environment) -> None:
    wrong = []
    if len(env.secret_key.get_secret_value()) < 40:
        wrong.append("TALLYSTICK_SECRET_KEY: give at least 40 random characters")
    if not env.public_url.startswith("https://"):
        wrong.append("TALLYSTICK_PUBLIC_URL: give the https:// address that customers reach")
    if wrong:
        raise BadSettings("Not safe for production:\n  " + "\n  ".join(wrong))


def _check_dkim_key(env: Environment) -> None:
    try:
        if env.dkim_key_file:
            public_record(env.dkim_key)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadSettings(f"These settings can't be used:\n  TALLYSTICK_DKIM_KEY_FILE: {reason}") from None


def _local_key(data_dir: Path) -> str:
    """Return the key kept in the data folder, making it on first use, readable by the owner only."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(handle, "w") as file:
        file.write(key := secrets.token_urlsafe(48))
    return key
