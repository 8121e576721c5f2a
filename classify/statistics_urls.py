"""Addresses of the statistics, under /statistics/."""

from django.urls import path

from classify import statistics_views

app_name = "statistics"
urlpatterns = [
    path("", statistics_views.index, name="index"),
    path("team/", statistics_views.team, name="team"),
    path("counts.csv", statistics_views.counts_csv, name="counts"),
    path("<slug:slug>/", statistics_views.workflow, name="workflow"),
]
