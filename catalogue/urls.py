"""Addresses of the catalogue; this room has several prefixes of its own."""

from django.urls import path

from catalogue import scan_views, science_views, talk_views, views

app_name = "catalogue"
urlpatterns = [
    path("validate/", views.validate, name="validate"),
    path("validate/opinions/", views.second, name="second"),
    path("validate/<uuid:pk>/", views.candidate, name="candidate"),
    path("validate/<uuid:pk>/decide/", views.decide, name="decide"),
    path("validate/<uuid:pk>/measure/", science_views.measure, name="measure"),
    path("validate/<uuid:pk>/distance/", science_views.distance, name="distance"),
    path("validate/<uuid:pk>/identify/", science_views.identify, name="identify"),
    path("validate/<uuid:pk>/objects/<int:match_id>/", science_views.match, name="match"),
    path("validate/from-tag/<slug:name>/", talk_views.from_tag, name="from_tag"),
    path("scan/", scan_views.index, name="scan"),
    path("scan/funnel/", scan_views.funnel, name="scan_funnel"),
    path("scan/completeness/", scan_views.completeness, name="completeness"),
    path("scan/figures.csv", scan_views.figures_csv, name="scan_csv"),
    path("results/", views.results, name="results"),
    path("exports/classifications.csv", views.export_classifications, name="export_classifications"),
    path("exports/catalogue.<str:fmt>", views.export, name="export"),
]
