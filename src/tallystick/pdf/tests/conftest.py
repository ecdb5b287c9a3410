"""Django's translations without the rest of the house: this room needs no database."""

from __future__ import annotations

import os

import django
from django.conf import settings

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure(USE_I18N=True, LANGUAGE_CODE="en", SECRET_KEY="tests only")
    django.setup()
