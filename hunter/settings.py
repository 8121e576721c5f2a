"""Settings: one file, everything that differs between places comes from typed environment variables.

``docs/reference/settings.md`` lists the variables. Wrong or missing ones fail loudly at start.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from hunter.embedded import database, redis_url
from hunter.servers import BASE_DIR, data_dir

env = environ.Env()
DATA_DIR = data_dir()
PRODUCTION: bool = env.bool("PRODUCTION", default=False)
DEBUG: bool = env.bool("DEBUG", default=False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG shows secrets to strangers: unset DEBUG or PRODUCTION.")


def _local_secret() -> str:
    """A secret of this data folder, made once, for places that are not production."""
    path = DATA_DIR / "secret.key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"secret.{secrets.token_hex(4)}")
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # the first of two processes that start together wins
            path.hardlink_to(part)
        part.unlink()
    return path.read_text()


SECRET_KEY: str = env.str("SECRET_KEY") if PRODUCTION else env.str("SECRET_KEY", default="") or _local_secret()
if PRODUCTION and len(SECRET_KEY) < 40:
    raise ImproperlyConfigured("SECRET_KEY is too short to be secret: use 40 characters or more, made at random.")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names this site answers to, comma separated.")
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    "accounts",
    "jobs",
    "archive",
    "ml",
    "classify",
    "talk",
    "catalogue",
    "hunter",
]

MIDDLEWARE = [
    "hunter.middleware.request_id",
    "hunter.lane.Lane",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hunter.middleware.OnePolicy",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hunter.middleware.PageMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.volunteer",
]

ROOT_URLCONF = "hunter.urls"
WSGI_APPLICATION = "hunter.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "hunter.context.site",
            ],
        },
    },
]

# --- PostgreSQL and Redis: the environment's, else the embedded ones -------------------------------------------
DATABASES: dict[str, Any] = {
    "default": env.db_url("DATABASE_URL") if "DATABASE_URL" in env.ENVIRON else database(DATA_DIR)
}
DATABASES["default"] |= {"ENGINE": "hunter.database", "CONN_HEALTH_CHECKS": True}
DATABASES["default"]["OPTIONS"] = {
    # What is prepared (by classify.sql, and in triggers) has one plan for all values, made once per connection.
    # Everything else has its values in its text and is planned for them.
    "options": "-c plan_cache_mode=force_generic_plan",
    # Statements are prepared only where that is asked for (classify.sql), never because they came often.
    "prepare_threshold": 2**31 - 1,
    **DATABASES["default"].get("OPTIONS", {}),
}
DATABASE_POOL: int = env.int("DATABASE_POOL", default=0)  # most connections of a process; 0: each thread keeps its own
if DATABASE_POOL:
    pool = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 5.0, "max_idle": 300.0, "max_lifetime": 3600.0}
    # The pool's connections are looked at by hunter.database, for less than a statement per request.
    DATABASES["default"] |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    DATABASES["default"]["OPTIONS"]["pool"] = pool
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", env.int("CONN_MAX_AGE", default=60))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL: str = env.str("REDIS_URL", default=redis_url(DATA_DIR))
CACHES = {
    "default": {
        "BACKEND": "hunter.cache.TolerantCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

# --- Celery ----------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ROUTES = {"jobs.run": {"queue": "jobs"}}  # long work never keeps votes waiting
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 24 * 3600
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 26 * 3600,
    "socket_connect_timeout": 1,
}  # leases and the sweep do not wait for it
CELERY_TIMEZONE = "UTC"
JOB_LEASE_S: float = env.float("JOB_LEASE_S", default=20.0)  # so long after a worker's death another takes its job over
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "run" / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "jobs.sweep": {"task": "jobs.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "classify.aggregate": {"task": "classify.tasks.aggregate", "schedule": 3.0, "options": {"expires": 3}},
    "classify.leases": {"task": "classify.tasks.leases_sweep", "schedule": 60.0, "options": {"expires": 60}},
    "classify.prioritise": {"task": "classify.tasks.prioritise", "schedule": 10.0, "options": {"expires": 10}},
    "catalogue.candidates": {"task": "catalogue.tasks.candidates_refresh", "schedule": 5.0, "options": {"expires": 5}},
    "talk.tell": {"task": "talk.tasks.tell", "schedule": 3.0, "options": {"expires": 3}},
    "talk.mail": {"task": "talk.tasks.mail", "schedule": 20.0, "options": {"expires": 20}},
    "talk.expire": {"task": "talk.tasks.expire", "schedule": 600.0, "options": {"expires": 600}},
}

# --- People ----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.HunterBackend"]  # one door, also for Django admin
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_REDIRECT_URL = "accounts:me"
LOGIN_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
# With "mandatory", sign-up tells nobody which addresses have accounts; a demo has no mail server to confirm with.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if PRODUCTION else "optional"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("NUM_PROXIES", default=1 if PRODUCTION else 0)
ACCOUNT_USERNAME_VALIDATORS = "accounts.usernames.VALIDATORS"
ACCOUNT_USERNAME_BLACKLIST = [  # names that sound official; demo accounts are made past it
    *("admin", "admins", "administrator", "administrators", "root", "superuser", "sysadmin", "system", "owner"),
    *("moderator", "moderators", "mod", "mods", "scientist", "scientists", "researcher", "researchers"),
    *("volunteer", "volunteers", "everyone", "all", "team", "staff", "support", "help", "helpdesk", "official"),
    *("webmaster", "hostmaster", "postmaster", "security", "abuse", "info", "contact", "noreply", "bot", "robot"),
    *("anonymous", "nobody", "unknown", "deleted", "null", "none", "undefined", "me", "api", "talk"),
    *("hubble", "hst", "jwst", "nasa", "esa", "esac", "stsci", "mpc", "jpl", "zooniverse", "hunter", "asteroidhunter"),
]

_HOST = next((host for host in ALLOWED_HOSTS if not host.startswith((".", "*"))), "localhost")
# How e-mails name the site: there is no request to ask.
SITE_URL: str = env.str("SITE_URL", default=f"https://{_HOST}" if PRODUCTION else "http://localhost:8000")
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Asteroid Hunter <hunter@localhost>")
if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
elif PRODUCTION:
    raise ImproperlyConfigured("Set EMAIL_URL: without e-mail nobody can confirm an address or reset a password.")
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"

# --- Languages -------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- Files -----------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(DATA_DIR / "static"))()
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"  # served by views that ask who may see, never by the web server directly
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": f"hunter.static.{'CompressedStatic' if PRODUCTION else 'HashedStatic'}"},
}
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "jpg", "jpeg", "png", "webp", "gz", "br", "woff", "woff2")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
INGEST_UPLOAD_MAX_BYTES: int = env.int("INGEST_UPLOAD_MAX_BYTES", default=2 * 1024**3)
INGEST_ROOTS: list[str] = env.list(
    "INGEST_ROOTS", default=[str(DATA_DIR)]
)  # folders admins may ingest from the browser
TILE_SIZE: int = env.int("TILE_SIZE", default=512)
TILE_OVERLAP: int = env.int("TILE_OVERLAP", default=64)
if not (64 <= TILE_SIZE <= 512 and 0 <= TILE_OVERLAP < TILE_SIZE):
    raise ImproperlyConfigured("TILE_SIZE is 64 to 512 pixels (the models see 512), and TILE_OVERLAP smaller than it.")

# --- REST ------------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.VolunteerSessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.Nobody"],  # every view says who may use it
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "hunter.rest.Negotiation",
    "DEFAULT_PARSER_CLASSES": ["hunter.rest.ShallowJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "hunter.rest.KeysetPagination",
    "PAGE_SIZE": 50,
    "EXCEPTION_HANDLER": "hunter.errors.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["hunter.rest.PersonThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "read": env.str("THROTTLE_READ", default="600/min"),
        "classify": env.str("THROTTLE_CLASSIFY", default="240/min"),
        "write": env.str("THROTTLE_WRITE", default="60/min"),
        "new_volunteer": env.str("THROTTLE_NEW_VOLUNTEER", default="60/hour"),
    },
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Asteroid Hunter",
    "DESCRIPTION": "Subjects, classifications, consensus, candidates and exports of this site.",
    "VERSION": "1",
    "SERVE_PERMISSIONS": ["accounts.permissions.Public"],
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "QueueState": [("normal", "normal"), ("user_finished", "user_finished"), ("finished", "finished")],
        "ConsensusState": "classify.models.Consensus.State",
        "CandidateState": "catalogue.models.Candidate.State",
        "BoardAccess": "talk.models.Access",
        "MailDigest": "talk.models.Digest",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Safety ----------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        **{f"{kind}-src": [SELF] for kind in ("script", "style", "font", "connect", "manifest", "worker")},
        "img-src": [SELF, "data:", "blob:"],
        "form-action": [SELF],
        **{kind: [NONE] for kind in ("base-uri", "object-src", "frame-ancestors")},
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "hunter.views.csrf_failure"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_REDIRECT_EXEMPT = [r"^health/"]  # asked by the machine next door, without TLS
    if env.bool("BEHIND_PROXY", default=True):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
