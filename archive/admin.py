"""The archive in Django's admin: to look at. Rows come from files; what is wrong is fixed by taking them in again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.readonly_admin import ReadOnlyAdmin
from archive.models import Cutout, Exposure, Observation, SourceFile


@admin.register(SourceFile)
class SourceFileAdmin(ReadOnlyAdmin):
    list_display = ["name", "state", "reason", "size_bytes", "created_at"]
    list_filter = ["state"]
    search_fields = ["name", "sha256"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A refusal may be forgotten, so that the file is read again."""
        return request.user.is_superuser and (obj is None or obj.state == SourceFile.State.REJECTED)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}  # deleting many at once would not ask for each one's state


@admin.register(Observation)
class ObservationAdmin(ReadOnlyAdmin):
    list_display = ["name", "instrument", "detector", "target", "proposal_id", "simulated", "created_at"]
    list_filter = ["simulated", "instrument"]
    search_fields = ["name", "target", "proposal_id"]


@admin.register(Exposure)
class ExposureAdmin(ReadOnlyAdmin):
    list_display = ["observation", "extension", "kind", "filter_name", "start", "exposure_s", "cut_recipe"]
    list_filter = ["kind", "filter_name"]
    list_select_related = ["observation"]
    search_fields = ["observation__name"]
    exclude = ["wcs"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("wcs")


@admin.register(Cutout)
class CutoutAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "exposure", "x0", "y0", "width", "height", "data_fraction", "recipe"]
    list_select_related = ["exposure__observation"]
    search_fields = ["=public_id"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("exposure__wcs")
