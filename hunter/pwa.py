"""The site as an app: the manifest, the service worker and what it keeps for times without network."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import public

HTMX = "django_htmx/htmx-2.min.js"  # as {% htmx_script %} loads it
KEPT = ("css/**/*.css", "js/**/*.js", "img/*.svg", "img/icons/*.png", "vendor/inter/*.woff2")


@lru_cache(maxsize=1)
def kept_files() -> tuple[str, ...]:
    """Addresses of the files that the classifier needs without network; hashed names, so they never change."""
    root = Path(settings.STATICFILES_DIRS[0])
    names = sorted(path.relative_to(root).as_posix() for pattern in KEPT for path in root.glob(pattern))
    return tuple(staticfiles_storage.url(name) for name in [HTMX, *names])


@public
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """The web app manifest."""
    body = {
        "id": "/",
        "name": _("Asteroid Hunter"),
        "short_name": _("Asteroids"),
        "description": _("Find asteroids that crossed images of the Hubble Space Telescope."),
        "lang": get_language() or "en",
        "start_url": reverse("classify:index"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#07090d",
        "theme_color": "#07090d",
        "icons": [
            {"src": static("img/logo.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": static("img/icons/192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": static("img/icons/512.png"), "sizes": "512x512", "type": "image/png"},
            {"src": static("img/icons/maskable-512.png"), "sizes": "512x512", "type": "image/png",
             "purpose": "maskable"},
        ],
    }  # fmt: skip
    response = JsonResponse(body, content_type="application/manifest+json")
    response["Cache-Control"] = "no-cache"
    return response


@public
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker: from the root, so that it may serve the whole site; never kept by the browser itself."""
    files = kept_files()
    version = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
    context = {
        "version": version,
        "files": json.dumps(files),
        "offline": reverse("offline"),
        "prefix": settings.STATIC_URL,
    }
    response = render(
        request, "hunter/sw.js", context | {"offline": reverse("offline")}, content_type="text/javascript"
    )
    response["Cache-Control"] = "no-cache"
    return response


@public
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown instead of a page that cannot be reached."""
    return render(request, "hunter/offline.html")
