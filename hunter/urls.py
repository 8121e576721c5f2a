"""All addresses of the site, room by room."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from hunter import people_views, pwa, views

handler400 = "hunter.views.bad_request"
handler403 = "hunter.views.forbidden"
handler404 = "hunter.views.not_found"
handler500 = "hunter.views.server_error"

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one door, with its limits

urlpatterns = [
    path("api/", include("hunter.api_urls", namespace="api")),  # first, because asked most: addresses are tried in turn
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("language/", views.language, name="language"),
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("sw.js", pwa.service_worker, name="service_worker"),
    path("offline/", pwa.offline, name="offline"),
    path("health/", views.health, name="health"),
    path("health/live/", views.live, name="live"),
    path("setup/", include("classify.setup.urls")),
    path("classify/", include("classify.urls")),
    path("statistics/", include("classify.statistics_urls")),
    path("talk/", include("talk.urls")),
    path("models/", include("ml.urls")),
    path("releases/", include("catalogue.release_urls")),
    path("satellites/", include("catalogue.satellites.urls")),
    path("jobs/", include("jobs.urls")),
    path("people/", include("hunter.people_urls")),
    path("certificates/<str:token>/", people_views.certificate_check, name="certificate"),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("", include("archive.urls")),  # /archive/ and /images/
    path("", include("catalogue.urls")),  # /validate/, /results/ and /exports/
]
