"""Addresses of the page of satellites, under /satellites/."""

from django.urls import path

from catalogue.satellites import views

app_name = "satellites"
urlpatterns = [
    path("", views.index, name="index"),
    path("csv", views.counted_csv, name="csv"),
]
