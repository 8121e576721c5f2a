"""Models and scores in Django's admin: to look at. Registering and activating are services, with their checks."""

from __future__ import annotations

from django.contrib import admin

from accounts.readonly_admin import ReadOnlyAdmin
from ml.models import Activation, Model, Score, TrainingLabel


@admin.register(Model)
class ModelAdmin(ReadOnlyAdmin):
    list_display = ["name", "version", "active", "threshold", "created_at"]
    readonly_fields = ["sha256"]


@admin.register(Activation)
class ActivationAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "model", "replaced", "by", "rolled_back", "why"]
    list_select_related = ["model", "replaced", "by"]


@admin.register(Score)
class ScoreAdmin(ReadOnlyAdmin):
    list_display = ["cutout_id", "model", "p_asteroid", "p_satellite", "p_nothing", "created_at"]
    list_filter = ["model"]
    list_select_related = ["model"]
    ordering = ["model", "-p_asteroid"]
    raw_id_fields = ["cutout"]


@admin.register(TrainingLabel)
class TrainingLabelAdmin(ReadOnlyAdmin):
    list_display = ["cutout_id", "source", "label", "weight", "drawn", "decided_at"]
    list_filter = ["source", "label"]
    raw_id_fields = ["cutout"]
