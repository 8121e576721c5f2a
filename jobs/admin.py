"""Jobs in Django's admin: to look at; cancelling and retrying go through the services."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.readonly_admin import ReadOnlyAdmin
from jobs.models import Job
from jobs.services import job_cancel, job_retry


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["kind", "state", "done", "total", "message", "requested_by", "created_at", "finished_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["requested_by"]
    date_hierarchy = "created_at"
    actions = ["cancel", "retry"]

    @admin.action(description="Cancel the chosen jobs", permissions=["view"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        ended = sum(job_cancel(pk) for pk in jobs.values_list("pk", flat=True))
        self.message_user(request, f"{ended} jobs asked to end.", messages.SUCCESS)

    @admin.action(description="Start the chosen failed or cancelled jobs again", permissions=["view"])
    def retry(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        again = sum(job_retry(pk) for pk in jobs.values_list("pk", flat=True))
        self.message_user(request, f"{again} jobs queued again.", messages.SUCCESS)
