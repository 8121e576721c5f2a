"""Django admin of the classification task. Votes are read-only: people's answers are sacred."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.access import account_of
from accounts.models import Role, User
from accounts.readonly_admin import ReadOnlyAdmin
from classify.consensus import votings_close
from classify.models import Classification, Consensus, Project, Subject, SubjectSet, Workflow
from classify.setup.services import workflow_change


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "live"]


@admin.register(SubjectSet)
class SubjectSetAdmin(admin.ModelAdmin):
    list_display = ["name", "project", "created_at"]


@admin.register(Workflow)
class WorkflowAdmin(admin.ModelAdmin):
    """The question and the rule. Subject sets come with *Set-up → Images* or `manage.py publish`."""

    list_display = ["name", "version", "active", "classifications_count", "retired_count", "subjects_count"]
    readonly_fields = [
        "classifications_count", "retired_count", "subjects_count", "version_major", "version_minor", "subject_sets",
    ]  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Workflow, form: Any, change: bool) -> None:
        """A new version when what people are asked changes, as on Zooniverse.

        Only what was changed is written: the counters grew while the form was open.
        """
        if not change:
            super().save_model(request, obj, form, change)
            return
        changes = {name: getattr(obj, name) for name in form.changed_data}
        workflow_change(workflow=obj, changes=changes, by=account_of(request), why="admin")

    def get_readonly_fields(self, request: HttpRequest, obj: Workflow | None = None) -> list[str]:
        """What a workflow is for is settled by its first answer."""
        answered = obj is not None and obj.classifications.exists()
        return [*self.readonly_fields, "purpose"] if answered else self.readonly_fields


@admin.register(Subject)
class SubjectAdmin(ReadOnlyAdmin):
    list_display = ["id", "project", "created_at"]
    search_fields = ["id"]


@admin.register(Consensus)
class ConsensusAdmin(ReadOnlyAdmin):
    list_display = ["subject", "workflow", "state", "votes_yes", "votes_no", "votes_unsure", "p_yes"]
    list_filter = ["state", "retirement_reason", "workflow"]
    raw_id_fields = ["subject", "retired_by"]
    search_fields = ["subject__id__exact"]
    search_help_text = _("A subject's number")
    actions = ["retire"]

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.has_role(Role.ADMIN)

    @admin.action(description=_("Retire (by the team)"), permissions=["retire"])
    def retire(self, request: HttpRequest, queryset: QuerySet[Consensus]) -> None:
        """End the voting on these subjects; each retires once, whoever else is at it."""
        chosen = queryset.count()
        retired = votings_close(queryset.order_by())
        already = chosen - retired
        if retired:
            said = ngettext("%d subject was retired.", "%d subjects were retired.", retired) % retired
            self.message_user(request, said, messages.SUCCESS)
        if already:
            said = ngettext("%d subject was retired already.", "%d subjects were retired already.", already) % already
            self.message_user(request, said, messages.WARNING)


@admin.register(Classification)
class ClassificationAdmin(ReadOnlyAdmin):
    list_display = ["id", "workflow", "subject_id", "answer", "counted", "created_at"]
    list_filter = ["workflow", "counted"]
    raw_id_fields = ["subject", "volunteer"]
