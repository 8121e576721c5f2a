"""Models and scores in Django's admin: to look at. Registering and activating are services, with their checks."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ml.models import Model, Score, TrainingLabel


class LookOnly(admin.ModelAdmin):
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Model)
class ModelAdmin(LookOnly):
    list_display = ["name", "version", "active", "threshold", "created_at"]
    readonly_fields = ["sha256"]


@admin.register(Score)
class ScoreAdmin(LookOnly):
    list_display = ["cutout_id", "model", "p_asteroid", "p_satellite", "p_nothing", "created_at"]
    list_filter = ["model"]
    list_select_related = ["model"]
    ordering = ["model", "-p_asteroid"]
    raw_id_fields = ["cutout"]


@admin.register(TrainingLabel)
class TrainingLabelAdmin(LookOnly):
    list_display = ["cutout_id", "source", "label", "weight", "updated_at"]
    list_filter = ["source", "label"]
    raw_id_fields = ["cutout"]
