"""All addresses of the site, room by room."""

from django.contrib import admin
from django.urls import include, path

from hunter import views

handler400 = "hunter.views.bad_request"
handler403 = "hunter.views.forbidden"
handler404 = "hunter.views.not_found"
handler500 = "hunter.views.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("health/", views.health, name="health"),
    path("health/live/", views.live, name="live"),
    path("classify/", include("classify.urls")),
    path("talk/", include("talk.urls")),
    path("models/", include("ml.urls")),
    path("jobs/", include("jobs.urls")),
    path("people/", include("accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("api/", include("hunter.api_urls", namespace="api")),
    path("admin/", admin.site.urls),
    path("", include("archive.urls")),  # /archive/ and /images/
    path("", include("catalogue.urls")),  # /validate/, /results/ and /exports/
]
