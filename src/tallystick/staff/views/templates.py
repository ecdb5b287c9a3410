"""Settings: what each email says, in each language, and whether it goes out by itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.html import escape
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.mail.port import BadEnvelope, MailMisconfigured, MailRefused, MailUnavailable
from tallystick.messages.kinds import KINDS, Kind
from tallystick.messages.message_templates import (
    default_button,
    own_words,
    reset_words,
    save_switch,
    save_words,
    switch_of,
    switches,
    words_of,
)
from tallystick.messages.sender import default_transport
from tallystick.messages.triggers import save_triggers
from tallystick.messages.triggers import triggers as kept_triggers
from tallystick.messages.wording import PLACEHOLDERS
from tallystick.sellers.mail_test import send_test_mail
from tallystick.sellers.roles import SETTINGS
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.templates import TemplateForm, TriggersForm
from tallystick.staff.specimen import Specimen, specimen
from tallystick.staff.views.answer import REFUSED, go
from tallystick.staff.views.compose import PREVIEW_POLICY
from tallystick.staff.views.settings import settings_page
from tallystick.texting.route import sms_route


@door(SETTINGS)
def templates(request: StaffRequest) -> HttpResponse:
    """List the kinds of email, whether each goes out, and in which languages its words are the seller's own."""
    with tx(request.desk.seller_id, read_only=True):
        form = TriggersForm(initial=TriggersForm.fields_of(kept_triggers()))
    return _list(request, form)


@door(SETTINGS, "POST")
def triggers(request: StaffRequest) -> HttpResponse:
    """Change which documents go out by themselves."""
    form = TriggersForm(request.POST)
    if not form.is_valid():
        return _list(request, form)
    save_triggers(**request.desk.acting(), wanted=form.triggers())
    messages.success(request, _("Saved. It holds for what is issued from now on."))
    return go(request, "settings-templates")


def _list(request: StaffRequest, form: TriggersForm) -> HttpResponse:
    with tx(request.desk.seller_id, read_only=True):
        on, own = switches(), own_words()
        language = request.desk.seller.language
    rows = [
        {
            "kind": kind,
            "label": _(kind.label),
            "used_when": _(kind.used_when),
            "switch": on[kind.name],
            "own": [name for code, name in _languages() if (kind.name, code) in own],
        }
        for kind in KINDS.values()
    ]
    return settings_page(
        request,
        "settings_templates",
        "settings-templates",
        status=REFUSED if form.errors else 200,
        form=form,
        groups=[(True, [r for r in rows if r["kind"].is_sent]), (False, [r for r in rows if not r["kind"].is_sent])],  # type: ignore[attr-defined]
        spoken=language if language in dict(settings.LANGUAGES) else "en",
    )


@door(SETTINGS, "GET", "POST")
def template(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """Show and change one template."""
    known, posted = _known(kind, language), request.POST if request.method == "POST" else None
    form = _form(request, known, language, posted)
    if posted is not None and form.is_valid():
        save_words(**request.desk.acting(), kind=kind, language=language, words=form.words())
        save_switch(**request.desk.acting(), kind=kind, switch=form.switch())
        messages.success(request, _("Saved. Emails from now on say it."))
        return go(request, "settings-template", kind, language)
    return _page(request, known, language, form)


@door(SETTINGS, "POST")
def preview(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """Show the email as it would look, in a frame that can do nothing; or what is wrong with the template."""
    form = _form(request, _known(kind, language), language, request.POST)
    shown = _specimen(request, form) if form.is_valid() else None
    html = shown.framed() if shown else _wrong(form)
    return HttpResponse(html, status=200 if shown else REFUSED, headers={"Content-Security-Policy": PREVIEW_POLICY})


@door(SETTINGS, "POST")
def test(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """Send it as typed to the person who asks, and say in the mail server's words when that fails. Nothing is saved."""
    known = _known(kind, language)
    form = _form(request, known, language, request.POST)
    if not form.is_valid():
        return _page(request, known, language, form)
    shown, to = _specimen(request, form), request.user.email  # type: ignore[union-attr]
    try:
        send_test_mail(
            seller_id=request.desk.seller_id,
            to=to,
            default=(settings.DEFAULT_FROM_EMAIL, default_transport()),
            language=language,
            now=request.desk.now,
            subject=shown.subject,
            text=shown.email.text,
            html=shown.email.html,
        )
    except (MailMisconfigured, MailRefused, MailUnavailable, BadEnvelope) as error:
        form.add_error(None, _("It didn't go out. The server said: %(words)s") % {"words": str(error)[:300]})
    else:
        messages.success(request, _("Sent to %(to)s. Nothing was saved yet.") % {"to": to})
    return _page(request, known, language, form)


@door(SETTINGS, "POST")
def reset(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """Forget the seller's own words in this language."""
    _known(kind, language)
    if reset_words(**request.desk.acting(), kind=kind, language=language):
        messages.success(request, _("It says again what it said at first."))
    return go(request, "settings-template", kind, language)


def _known(kind: str, language: str) -> Kind:
    if kind not in KINDS or language not in dict(settings.LANGUAGES):
        raise Http404
    return KINDS[kind]


def _languages() -> list[tuple[str, str]]:
    return [(code, get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES]


def _form(request: StaffRequest, kind: Kind, language: str, posted: Any) -> TemplateForm:
    with tx(request.desk.seller_id, read_only=True):
        words, switch = words_of(kind.name, language), switch_of(kind.name)
    initial = {
        "subject": words.subject,
        "body": words.body,
        "button": words.button,
        "sms": words.sms,
        "is_on": switch.is_on,
        "attach_pdf": switch.attach_pdf,
    }
    button = default_button(kind.name, language)
    return TemplateForm(posted, initial=initial, kind=kind, language=language, default_button=button)


def _specimen(request: StaffRequest, form: TemplateForm) -> Specimen:
    with tx(request.desk.seller_id, read_only=True):
        return specimen(request.desk.seller_id, form.kind.name, form.language, form.words())


def _wrong(form: TemplateForm) -> str:
    said = next(iter(form.errors.values()))[0]
    return f"<!doctype html><meta charset=utf-8><p>{escape(said)}</p>"


def _page(request: StaffRequest, kind: Kind, language: str, form: TemplateForm) -> HttpResponse:
    with tx(request.desk.seller_id, read_only=True):
        is_own = (kind.name, language) in own_words()
        can_text = sms_route(request.desk.seller_id) is not None
    names = kind.sms_placeholders if kind.takes_text else kind.placeholders
    return settings_page(
        request,
        "settings_template",
        "settings-templates",
        status=REFUSED if form.errors else 200,
        form=form,
        kind=kind,
        label=_(kind.label),
        used_when=_(kind.used_when),
        is_own=is_own,
        spoken=language,
        languages=_languages(),
        placeholders=[(name, _(PLACEHOLDERS[name])) for name in names],
        can_text=can_text,
    )
