"""Addresses of people's pages, under /people/: here, as they show numbers of all rooms."""

from django.urls import path

from hunter import people_views

app_name = "accounts"
urlpatterns = [
    path("me/", people_views.me, name="me"),
    path("me/certificate/", people_views.certificate, name="certificate"),
    path("me/public/", people_views.public_profile, name="public_profile"),
    path("me/export/", people_views.export, name="export"),
    path("me/delete/", people_views.delete, name="delete"),
    path("<str:username>/", people_views.profile, name="profile"),
]
