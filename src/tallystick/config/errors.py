"""Error pages in the reader's words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "error.html", {"title": title, "text": text}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: the same answer for what never was and for what is someone else's."""
    return _page(request, 404, _("There is nothing here"), _("The address may be mistyped, or the page has moved."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: your role doesn't include this."""
    text = _("Your role doesn't include this. An admin can change it under Settings, Members.")
    return _page(request, 403, _("Not yours to do"), text)


def broken(request: HttpRequest) -> HttpResponse:
    """500: our fault."""
    text = _("This is our fault, and it has been noted. Nothing you typed was half-saved: go back and try again.")
    return _page(request, 500, _("That didn't work"), text)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form was too old or came from elsewhere."""
    text = _("This form was open too long, or your browser blocks cookies. Go back, reload the page and send it again.")
    return _page(request, 403, _("The form has expired"), text)
