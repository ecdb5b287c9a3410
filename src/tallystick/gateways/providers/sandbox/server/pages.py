"""The hosted checkout's pages: plain HTML, no script, nothing from elsewhere."""

from __future__ import annotations

import html
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from tallystick.gateways.providers.sandbox.server.cards import MAGIC_CARDS
from tallystick.gateways.providers.sandbox.server.style import CSS
from tallystick.gateways.providers.sandbox.server.wire import Answer
from tallystick.gateways.providers.sandbox.server.words import WORDS, format_money

esc = html.escape


@dataclass(frozen=True, slots=True)
class Page:
    """What every page of one session needs: language, merchant, amount (empty: nothing to pay), and the way back."""

    language: str
    merchant: str
    amount: str
    description: str
    ref: str
    return_url: str
    saves: bool = False

    def say(self, key: str, **values: str) -> str:
        """A sentence, escaped."""
        text = WORDS[self.language][key]
        return esc(text.format(merchant=self.merchant, amount=self.amount, **values))

    @property
    def action(self) -> str:
        """Where this session lives, keeping the language."""
        return f"/checkout/{quote(self.ref)}?lang={self.language}"

    @property
    def verify_action(self) -> str:
        """Where the payer's bank asks."""
        return f"/checkout/{quote(self.ref)}/verify?lang={self.language}"


@dataclass(frozen=True, slots=True)
class Form:
    """What the payer typed, and what is wrong with it (field to key of the words)."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def page_for(session: sqlite3.Row, merchant: str, language: str, return_url: str) -> Page:
    """The page of a session in one language."""
    amount = format_money(session["amount_minor"], session["currency"], language) if session["amount_minor"] else ""
    return Page(
        language, merchant, amount, session["description"], session["ref"], return_url, saves=bool(session["saves"])
    )


def show_checkout(page: Page, *, declined: str = "", form: Form | None = None) -> Answer:
    """The card form: the last refusal on top, or each mistake under its field and the first one in focus."""
    form = form or Form()
    alert = ""
    if declined and not form.errors:
        alert = _alert(page.say("declined_title"), f"<p>{page.say(f'why_{declined}')} {page.say('declined_safe')}</p>")
    fields = (
        _field(page, form, "number", "numeric", 23)
        + f'<div class="pair">{_field(page, form, "expiry", "numeric", 7)}{_field(page, form, "cvc", "numeric", 4)}</div>'
        + _field(page, form, "name", "text", 200)
    )
    keep = f'<p class="hint">{page.say("keep_note")}</p>' if page.saves else ""
    body = f"""<section>{_wanted(page)}<p>{esc(page.description)}</p>{alert}
<form method="post" action="{esc(page.action)}" novalidate aria-label="{page.say("card")}">{fields}{keep}
<button>{page.say("pay" if page.amount else "save")}</button></form></section>
<p><a class="away" href="{esc(page.return_url)}">{page.say("cancel" if page.amount else "cancel_save")}</a></p>
<section><h2>{page.say("cards")}</h2><p class="hint">{page.say("cards_hint")}</p>{_cards(page)}</section>"""
    return _html(page, "pay" if page.amount else "save", body, 422 if form.errors else 200)


def show_challenge(page: Page, card: str) -> Answer:
    """The 3-D Secure page."""
    text, approve = ("verify_text", "approve") if page.amount else ("verify_save_text", "approve_save")
    body = f"""<section><h1>{page.say("verify_title")}</h1><p>{page.say(text, card=card)}</p>
<div class="bank"><h2>{page.say("bank")}</h2><p>{page.say("bank_text")}</p>
<form method="post" action="{esc(page.verify_action)}">
<button name="answer" value="approve">{page.say(approve)}</button>
<button class="plain" name="answer" value="decline">{page.say("refuse")}</button></form></div></section>"""
    return _html(page, "verify_title", body, 200)


def show_closed(page: Page, state: str) -> Answer:
    """A session that can't be paid any more: why, and the way back."""
    if state == "paid" and not page.amount:
        state = "saved"
    body = f"""<section><h1>{page.say(f"{state}_title")}</h1><p>{page.say(f"{state}_text")}</p>
<p class="gap"><a class="button" href="{esc(page.return_url)}">{page.say("back")}</a></p></section>"""
    return _html(page, f"{state}_title", body, 200)


def show_missing(language: str) -> Answer:
    """No such session."""
    page = Page(language, "", "", "", "", "")
    body = f"<section><h1>{page.say('missing_title')}</h1><p>{page.say('missing_text')}</p></section>"
    return _html(page, "missing_title", body, 404)


def _wanted(page: Page) -> str:
    if not page.amount:
        return f"<h1>{page.say('save_for')}</h1><p>{page.say('save_text')}</p>"
    amount = f'<data class="amount" value="{esc(page.amount)}">{esc(page.amount)}</data>'
    return f'<h1 class="quiet">{page.say("pay_to")}</h1>{amount}'


def _alert(title: str, text: str) -> str:
    return f'<div class="alert" role="alert" tabindex="-1" autofocus><strong>{title}</strong>{text}</div>'


def _field(page: Page, form: Form, name: str, mode: str, size: int) -> str:
    """One labelled field. Browsers must not offer real cards here, so autocomplete is off."""
    error = form.errors.get(name, "")
    marks = f' aria-invalid="true" aria-describedby="{name}-error"' if error else ""
    marks += " autofocus" if name == next(iter(form.errors), "") else ""
    below = f'<p class="error" id="{name}-error">{page.say(error)}</p>' if error else ""
    return f"""<div><label for="{name}">{page.say(name)}</label><input id="{name}" name="{name}" inputmode="{mode}"
 maxlength="{size}" autocomplete="off" required value="{esc(form.values.get(name, ""))}"{marks}>{below}</div>"""


def _cards(page: Page) -> str:
    rows = "".join(
        f'<tr><td><a href="{esc(page.action)}&amp;card={card.number}">{card.spaced}</a></td>'
        f"<td>{page.say(card.meaning)}</td></tr>"
        for card in MAGIC_CARDS
        if page.saves or not card.once_saved
    )
    head = f'<tr><th scope="col">{page.say("col_card")}</th><th scope="col">{page.say("col_effect")}</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _html(page: Page, title: str, body: str, status: int) -> Answer:
    base = f"/checkout/{quote(page.ref)}"
    links = "".join(
        f'<a href="{base}?lang={code}" hreflang="{code}" lang="{code}"'
        f'{" aria-current=true" if code == page.language else ""} aria-label="{label}">{code.upper()}</a>'
        for code, label in (("en", "EN, English"), ("ro", "RO, română"))
    )
    text = f"""<!doctype html><html lang="{page.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>{page.say(title)}</title><style>{CSS}</style></head><body><div class="page">
<header><strong>{esc(page.merchant)}</strong> <span class="tag">{page.say("sandbox")}</span>
<nav class="langs" aria-label="{page.say("lang_label")}">{links}</nav></header>
<main>{body}</main><footer class="foot">{page.say("sandbox_note")}</footer></div></body></html>"""
    parts = urlsplit(page.return_url)
    back = f" {parts.scheme}://{parts.netloc}" if parts.scheme else ""
    policy = f"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'{back}; base-uri 'none'; frame-ancestors 'none'"
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": page.language,
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Answer(status, text.encode(), headers)
