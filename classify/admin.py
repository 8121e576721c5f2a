"""Django admin of the classification task. Votes are read-only: people's answers are sacred."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from classify.models import Classification, Consensus, Project, Subject, SubjectSet, Workflow


class ReadOnly(admin.ModelAdmin):
    """Rows that the system writes; people look."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "live"]


@admin.register(SubjectSet)
class SubjectSetAdmin(admin.ModelAdmin):
    list_display = ["name", "project", "created_at"]


@admin.register(Workflow)
class WorkflowAdmin(admin.ModelAdmin):
    list_display = ["name", "version", "active", "classifications_count", "retired_count", "subjects_count"]
    readonly_fields = ["classifications_count", "retired_count", "subjects_count", "version_major", "version_minor"]

    def save_model(self, request: HttpRequest, obj: Workflow, form: Any, change: bool) -> None:
        """A new version when what people are asked changes, as on Zooniverse."""
        if change and {"question", "answers"} & set(form.changed_data):
            obj.version_major += 1
            obj.version_minor = 1
        elif change and {"help_text"} & set(form.changed_data):
            obj.version_minor += 1
        super().save_model(request, obj, form, change)


@admin.register(Subject)
class SubjectAdmin(ReadOnly):
    list_display = ["id", "project", "created_at"]
    search_fields = ["id"]


@admin.register(Consensus)
class ConsensusAdmin(ReadOnly):
    list_display = ["subject", "workflow", "state", "votes_yes", "votes_no", "votes_unsure", "p_yes"]
    list_filter = ["state", "retirement_reason", "workflow"]
    raw_id_fields = ["subject", "retired_by"]


@admin.register(Classification)
class ClassificationAdmin(ReadOnly):
    list_display = ["id", "workflow", "subject_id", "answer", "counted", "created_at"]
    list_filter = ["workflow", "counted"]
    raw_id_fields = ["subject", "volunteer"]
