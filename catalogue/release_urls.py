"""Addresses of releases, under /releases/. A release keeps its addresses for good: papers cite them."""

from django.urls import path

from catalogue import release_views as views

app_name = "releases"
urlpatterns = [
    path("", views.releases, name="index"),
    path("new/", views.release_new, name="new"),
    path("<slug:slug>/", views.release, name="release"),
    path("<slug:slug>/files/<slug:fmt>", views.release_file, name="file"),
    path("<slug:slug>/cone", views.cone, name="cone"),
    path("<slug:slug>/since/<slug:other>/", views.compare, name="compare"),
]
