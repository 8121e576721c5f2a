"""All addresses of the site, room by room."""

from django.urls import include, path

from hunter import views

urlpatterns = [
    path("", views.home, name="home"),
]
