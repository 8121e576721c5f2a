"""REST addresses of the classification task."""

from django.urls import path

from classify import api, statistics_api

urlpatterns = [
    path("workflows/", api.WorkflowList.as_view(), name="workflows"),
    path("workflows/<slug:slug>/next/", api.NextSubjects.as_view(), name="next"),
    path("classifications/", api.Classifications.as_view(), name="classifications"),
    path("stats/classifications/", statistics_api.ClassificationCounts.as_view(), name="stats"),
    path("subjects/", api.SubjectList.as_view(), name="subjects"),
    path("subjects/<int:pk>/", api.SubjectDetail.as_view(), name="subject"),
    path("consensus/", api.ConsensusList.as_view(), name="consensus"),
]
