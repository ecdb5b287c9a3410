"""Saying it: re-check that it is still true, commit, hand it to the mail server, commit.

At least once, at most one more copy per crash in the narrow window between the server's last word and our commit,
always with the same Message-ID.

A few are taken at once and looked at together; what they were found to be is good for a second. Each is marked by itself.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Final
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.bell import one_peal
from tallystick.base.crashpoint import crashpoint
from tallystick.mail.port import (
    BadEnvelope,
    Envelope,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
    Transport,
    deliver,
    write,
)
from tallystick.messages.claim import begin_sending, claim_messages, let_go
from tallystick.messages.models import Message, SilencedAddress
from tallystick.messages.prepared import Composer, Gather, Later, Prepared, Skip
from tallystick.messages.send_text import TextSkipped, hand_over_text
from tallystick.messages.sender import Sender, envelope, sender_of
from tallystick.messages.settle import Ending, settle
from tallystick.messages.silence import is_silent, silences, why_all_silent
from tallystick.messages.text_time import SMS
from tallystick.sms.port import BadText, SmsRefused, SmsUnavailable

log = logging.getLogger(__name__)
MOST: Final = 25
"""Messages taken at once."""
FRESH_S: Final = 1.0
"""So long is what was found true good for: a message whose turn comes later is looked at anew."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What was true of a few messages at one moment: who composes each, by kind; whom nobody writes to; who sends; and
    whether the first was still held."""

    composers: Mapping[str, Composer]
    quiet: Mapping[str, SilencedAddress]
    sender: Sender
    has_begun: bool


@dataclass(slots=True)
class _Letter:
    """A message of a few, which may be composed before its turn."""

    message: Message
    look: _Look
    now: datetime
    ready: Prepared | Skip | Later | _Ready | None = None

    def get_ready(self) -> None:
        """Compose it while there is nothing else to do. Trouble with it is for its own turn."""
        with suppress(Exception):
            self.ready = _compose(self.message, self.look, self.now)


@dataclass(frozen=True, slots=True)
class _Ready:
    """An email as it leaves."""

    envelope: Envelope
    written: bytes


def send_messages(*, seller_id: UUID, message_ids: Sequence[UUID], gather: Mapping[str, Gather], now: datetime) -> int:
    """Send waiting messages of one seller, at most `MOST`, and return how many nobody else had taken.

    `gather` says by kind who composes. Afterwards each is sent, skipped, queued (again) or failed. Sent to some of its
    people is sent: whom the server refused stands in `reason`, and nobody else gets a second copy. The first goes in any
    case; what hasn't begun within a second, as the server is slow, is let go and due at once. One that can't be composed
    is logged, stays due and doesn't hold up the others. Raises what a gather raises, and then none has begun: each may be
    tried alone.
    """
    with one_peal():
        taken = claim_messages(seller_id=seller_id, message_ids=message_ids[:MOST], now=now)
        if taken:
            looked_at = time.monotonic()
            look = _look(seller_id, taken, gather, now)
            letters = [_Letter(message, look, now) for message in taken if look.has_begun]
            for place, (letter, after) in enumerate(zip_longest(letters, letters[1:]), start=1):
                ending = _send(letter, after.get_ready if after else None)
                is_fresh = time.monotonic() - looked_at <= FRESH_S
                if after and not is_fresh:
                    let_go(seller_id=seller_id, messages=taken[place:], now=now)
                then = after.message if after and is_fresh else None
                if not settle(letter.message, ending, now=now, then=then):
                    break
        return len(taken)


def _look(seller_id: UUID, taken: Sequence[Message], gather: Mapping[str, Gather], now: datetime) -> _Look:
    """Read what all are made of, and begin with the first. When that fails, several are let go, and a single one stays."""
    by_kind = defaultdict(list)
    for message in taken:
        by_kind[message.kind].append(message)
    people = [address for message in taken for address in (*message.recipients, *message.copies)]
    try:
        with tenant.tx(seller_id):
            composers = {kind: gather[kind](messages) for kind, messages in by_kind.items()}
            return _Look(composers, silences(people), sender_of(seller_id), begin_sending(taken[0], now=now))
    except Exception:
        if len(taken) > 1:
            let_go(seller_id=seller_id, messages=taken, now=now)
        else:
            settle(taken[0], Ending("stays"), now=now)
        raise


def _send(letter: _Letter, meanwhile: Callable[[], None] | None) -> Ending:
    message, now = letter.message, letter.now
    try:
        ready = letter.ready or _compose(message, letter.look, now)
    except BadEnvelope as bad:
        return Ending("failed", str(bad))
    except MailMisconfigured as trouble:
        return Ending("tries_again", str(trouble))
    except Exception:
        log.exception("message %s stays due", message.id)
        return Ending("stays")
    if isinstance(ready, Skip):
        return Ending("skipped", ready.reason)
    if isinstance(ready, Later):
        return Ending("waits", ready.reason)
    try:
        if isinstance(ready, Prepared):
            return _text(message, ready, now)
        return _email(ready, letter.look.sender.transport, meanwhile)
    except Exception:
        log.exception("message %s stays due", message.id)
        return Ending("stays", may_have_left=True)


def _compose(message: Message, look: _Look, now: datetime) -> Prepared | Skip | Later | _Ready:
    """Do all that comes before the mail server, without the people nobody writes to; a text stays as prepared."""
    prepared = look.composers[message.kind](message)
    if not isinstance(prepared, Prepared) or message.channel == SMS:
        return prepared
    if prepared.words:
        message.subject, message.body = prepared.words.subject[:300], prepared.words.body
    reason = why_all_silent(message.recipients, look.quiet)
    if reason:
        return Skip(reason)
    message.recipients = [one for one in message.recipients if not is_silent(one, look.quiet)]
    message.copies = [one for one in message.copies if not is_silent(one, look.quiet)]
    letter = envelope(message, prepared, look.sender, now)
    return _Ready(letter, write(letter, transport=look.sender.transport))


def _email(ready: _Ready, transport: Transport, meanwhile: Callable[[], None] | None) -> Ending:
    try:
        delivery = deliver(ready.envelope, transport=transport, written=ready.written, meanwhile=meanwhile)
    except MailRefused as refused:
        return Ending("failed", str(refused), refused=refused.refused)
    except BadEnvelope as bad:
        return Ending("failed", str(bad))
    except MailUnavailable as trouble:
        return Ending("tries_again", str(trouble), may_have_left=trouble.may_have_left)
    crashpoint("outside.after")
    left_out = "; ".join(f"{each.address}: {each.code} {each.text}" for each in delivery.refused)
    return Ending("sent", left_out, delivery.provider_id, delivery.refused)


def _text(message: Message, prepared: Prepared, now: datetime) -> Ending:
    """The same for a text message, in the words that are true now where its kind gives some."""
    if prepared.words:
        message.subject, message.body = prepared.words.subject[:300], prepared.words.sms or message.body
    try:
        taken = hand_over_text(message, link=prepared.link, now=now)
    except TextSkipped as why:
        return Ending("skipped", why.reason)
    except (SmsRefused, BadText) as refused:
        return Ending("failed", str(refused))
    except SmsUnavailable as trouble:
        return Ending("tries_again", str(trouble), may_have_left=trouble.may_have_left)
    crashpoint("outside.after")
    return Ending("sent", provider_id=taken.provider_id)
