"""Django's settings, from environment variables with safe defaults. `docs/run.md` lists the variables."""

from __future__ import annotations

import gc
import os
from functools import partial
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from amends.site import mail_settings, places, public, setting
from amends.site.cluster import database_urls

# A batch of posts is thousands of values that live as long as it does: to look through them all after every
# 700 new ones, as Python does unasked, is a tenth of its time.
gc.set_threshold(50_000, 20, 20)

_ENV = os.environ
DATA = places.data_folder(_ENV)
_PUBLIC = public.address(_ENV) or public.default_address()
URL = str(_PUBLIC)
_HTTPS = _PUBLIC.scheme == "https"

SECRET_KEY = places.secret_key(DATA, _ENV)
SECRET_KEY_FALLBACKS = places.old_secret_keys(DATA, _ENV)
CHECKPOINTS = DATA / places.CHECKPOINTS
HISTORY_KEY = partial(places.history_key, DATA, _ENV)
DEBUG = False
ALLOWED_HOSTS = [_PUBLIC.host, "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [URL]
SESSION_ENGINE = "amends.store.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
TRUSTED_PROXIES = public.trusted_proxies(_ENV)
X_FRAME_OPTIONS = "DENY"
MODEL = setting.one_of(_ENV, "AMENDS_MODEL", "small", "accurate")
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
# A policy with all the rules and special days that it may have is a form of some 2,400 fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3000


def _database(url: str) -> dict[str, Any]:
    parts = conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", "amends"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": parts,
    }


_APP_URL, _OWNER_URL = database_urls(_ENV, DATA)
DATABASES = {"default": _database(_APP_URL), "owner": _database(_OWNER_URL)}
if _ENV.get("DATABASE_DIRECT_URL", "").strip():
    # DATABASE_URL is a transaction pooler: the queue listens past it, and nothing may outlive a transaction.
    DATABASES["direct"] = _database(_ENV["DATABASE_DIRECT_URL"].strip())
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
else:
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5  # for the few statements that ask to be prepared

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "ninja",
    "pgtrigger",
    "procrastinate.contrib.django",
    "amends.store",
    "amends.web",
    "amends.api",
    "amends.work",
]
MIDDLEWARE = [
    "amends.web.proxies.Proxies",
    "amends.api.hooks.Hooks",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "amends.web.middleware.ContentPolicy",
    "amends.web.middleware.Sound",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "amends.web.middleware.SignedOut",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "amends.web.middleware.Present",
    "amends.web.at_work.Seen",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "amends.site.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent.parent / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "amends.web.context.desk",
            ],
        },
    }
]
AUTH_USER_MODEL = "store.User"
AUTHENTICATION_BACKENDS = ["amends.web.signed_in.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "amends.web.signin.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/300s/key"}
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# By a code to type, not by a link: secrets do not stand in URLs.
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
MFA_ADAPTER = "amends.web.signin.SecondFactor"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_TOTP_ISSUER = "Amends"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "store_cache",
    }
}
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_SMTP = mail_settings.smtp(_ENV)
EMAIL_HOST, EMAIL_PORT = _SMTP.host, _SMTP.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _SMTP.user, _SMTP.password
EMAIL_USE_TLS = _SMTP.encryption is mail_settings.Encryption.STARTTLS
EMAIL_USE_SSL = _SMTP.encryption is mail_settings.Encryption.SSL
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = _SMTP.sender

PROCRASTINATE_IMPORT_PATHS = ["amends.work.tasks"]
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"

HOOK_POSTS_PER_MINUTE = public.hook_posts_per_minute(_ENV)
ALLOW_HOSTS = public.allow_hosts(_ENV)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"away": {"()": "amends.site.away.OnceAway"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["away"]}},
    "root": {"handlers": ["err"], "level": "WARNING"},
    # A page that is not there is no news, and its address may hold what should not stand in a log.
    # A request for another host is refused; whoever sends such does not get to fill the log with traces.
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
