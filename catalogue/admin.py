"""The catalogue in Django's admin: to look at. Decisions are made on the validation page, which keeps them all."""

from __future__ import annotations

from django.contrib import admin

from accounts.readonly_admin import ReadOnlyAdmin, ReadOnlyInline
from catalogue.models import Candidate, CandidateSubject, FindingTry, Validation


class ValidationInline(ReadOnlyInline):
    model = Validation


class SubjectInline(ReadOnlyInline):
    model = CandidateSubject


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyAdmin):
    list_display = ["id", "state", "trail_class", "grade", "source", "exposure", "p_model", "created_at"]
    list_filter = ["state", "trail_class", "source", "position_from"]
    search_fields = ["=id", "exposure__observation__name"]
    list_select_related = ["exposure__observation"]
    inlines = [ValidationInline, SubjectInline]


@admin.register(Validation)
class ValidationAdmin(ReadOnlyAdmin):
    list_display = ["id", "candidate", "by", "verdict", "trail_class", "grade", "created_at"]
    list_filter = ["verdict", "trail_class"]
    list_select_related = ["candidate", "by"]


@admin.register(FindingTry)
class FindingTryAdmin(ReadOnlyAdmin):
    list_display = ["id", "consensus_id", "score_id", "attempts", "tried_at", "again_at", "error"]
