"""Addresses of the catalogue; this room has several prefixes of its own."""

from django.urls import path

from catalogue import views

app_name = "catalogue"
urlpatterns = [
    path("validate/", views.validate, name="validate"),
    path("validate/<uuid:pk>/", views.candidate, name="candidate"),
    path("validate/<uuid:pk>/decide/", views.decide, name="decide"),
    path("results/", views.results, name="results"),
    path("exports/classifications.csv", views.export_classifications, name="export_classifications"),
    path("exports/catalogue.<str:fmt>", views.export, name="export"),
]
