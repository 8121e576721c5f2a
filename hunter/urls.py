"""TEMPORARY while rooms are being built: includes what exists (the lead replaces this)."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

from hunter import views

handler400 = "hunter.views.bad_request"
handler403 = "hunter.views.forbidden"
handler404 = "hunter.views.not_found"
handler500 = "hunter.views.server_error"


def _maybe(prefix, module):
    return [path(prefix, include(module))] if find_spec(module) else []


urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("health/", views.health, name="health"),
    path("health/live/", views.live, name="live"),
    *_maybe("classify/", "classify.urls"),
    *_maybe("talk/", "talk.urls"),
    *_maybe("", "archive.urls"),  # /archive/ and /images/: one namespace
    *_maybe("models/", "ml.urls"),
    *_maybe("jobs/", "jobs.urls"),
    *_maybe("people/", "accounts.urls"),
    path("accounts/", include("allauth.account.urls")),
    path("api/", include("hunter.api_urls", namespace="api")),
    path("admin/", admin.site.urls),
    *_maybe("", "catalogue.urls"),
]
