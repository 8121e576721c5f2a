"""REST addresses of the catalogue."""

from django.urls import path

from catalogue import api

urlpatterns = [
    path("candidates/", api.CandidateList.as_view(), name="candidates"),
    path("candidates/<uuid:pk>/", api.CandidateDetail.as_view(), name="candidate"),
    path("candidates/<uuid:pk>/validations/", api.CandidateValidations.as_view(), name="candidate_validations"),
    path("exports/", api.Exports.as_view(), name="exports"),
]
