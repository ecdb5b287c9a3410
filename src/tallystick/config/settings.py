"""Django's settings, derived from `env.Environment`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from tallystick.config.env import ROOT, read_environment

ENV = read_environment()
SECRET_KEY = ENV.secret_key.get_secret_value()
SECRET_KEY_FALLBACKS = [key for key in ENV.old_secret_keys.get_secret_value().split(",") if key]
SECRET_KEYS = [SECRET_KEY, *SECRET_KEY_FALLBACKS]
DEBUG = False
PUBLIC_URL = ENV.public_url.rstrip("/")
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = [_public.hostname or "localhost", *filter(None, ENV.allowed_hosts.split(","))]
if ENV.is_local:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "testserver"]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "tallystick.base.apps.BaseConfig",
    "tallystick.sellers.apps.SellersConfig",
    "tallystick.mailboxes.apps.MailboxesConfig",
    "tallystick.customers.apps.CustomersConfig",
    "tallystick.texting.apps.TextingConfig",
    "tallystick.catalog.apps.CatalogConfig",
    "tallystick.ledger.apps.LedgerConfig",
    "tallystick.messages.apps.MessagesConfig",
    "tallystick.conversations.apps.ConversationsConfig",
    "tallystick.invoices.apps.InvoicesConfig",
    "tallystick.payments.apps.PaymentsConfig",
    "tallystick.broadcasts.apps.BroadcastsConfig",
    "tallystick.staff.apps.StaffConfig",
    "tallystick.pay.apps.PayConfig",
    "tallystick.hooks.apps.HooksConfig",
    "tallystick.worker.apps.WorkerConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "tallystick.config.middleware.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tallystick.config.middleware.ReaderLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "tallystick.config.urls"
WSGI_APPLICATION = "tallystick.config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "src/tallystick/staff/templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["django.templatetags.i18n", "tallystick.staff.templatetags.show"],
        },
    }
]

_connection = conninfo_to_dict(ENV.database_url or "postgresql:///postgres")


def _database(engine: str = "django.db.backends.postgresql", **options: Any) -> dict[str, Any]:
    return {
        "ENGINE": engine,
        "NAME": _connection.get("dbname") or "tallystick",
        "USER": _connection.get("user") or "",
        "PASSWORD": _connection.get("password") or "",
        "HOST": _connection.get("host") or "",
        "PORT": str(_connection.get("port") or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


_TIMEOUTS = "-c lock_timeout=5s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s"
DATABASES = {
    # The application's role owns nothing and can't bypass row security. `owner` is for migrations only.
    "default": _database(
        "tallystick.base.postgres",
        assume_role="tallystick_app",
        options=_TIMEOUTS,
        server_side_binding=True,
        prepare_threshold=3,
    ),
    "owner": _database(),
}
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "sellers.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if ENV.mode == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CLOCK_FILE = ENV.data_dir / "demo" / "clock" if ENV.mode == "demo" else None
DEMO_EMAIL, DEMO_PASSWORD = "demo@tallystick.example", "tally-the-sticks"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "tallystick.staff.sign_in.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Tallystick"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _public.scheme == "https"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "tallystick.config.errors.csrf_failed"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
SECURE_HSTS_SECONDS = 31_536_000 if ENV.mode == "production" else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ro", _("Romanian"))]
LOCALE_PATHS = [ROOT / "src/tallystick/locale"]

STATIC_URL = "/static/"
STATIC_ROOT = ENV.data_dir / "static"
BUNDLES_DIR = ENV.data_dir / "bundles"
STATICFILES_DIRS: list[Any] = [BUNDLES_DIR]
WHITENOISE_MAX_AGE = 31_536_000
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "tallystick.config.static.HashedFiles"},
}

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = ENV.smtp_host, ENV.smtp_port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = ENV.smtp_user, ENV.smtp_password.get_secret_value()
EMAIL_USE_TLS, EMAIL_USE_SSL = ENV.smtp_security == "starttls", ENV.smtp_security == "tls"
EMAIL_TIMEOUT = 60
DEFAULT_FROM_EMAIL = ENV.sender
MAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2]
DKIM_PRIVATE_KEY, DKIM_SELECTOR, DKIM_DOMAIN = ENV.dkim_key, ENV.dkim_selector, ENV.dkim_domain or MAIL_DOMAIN
BOUNCE_ADDRESS = ENV.bounce_address

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"mask": {"()": "tallystick.config.logs.MaskTokens"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["mask"], "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": ENV.log_level},
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "procrastinate.blueprints": {"level": "ERROR"},
        "apprise": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "mail.log": {"level": "WARNING"},
    },
}
