"""The pages on which the team watches, cancels and retries background work."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.models import Role
from jobs import selectors, services
from jobs.models import Job, JobState


@role_required(Role.SCIENTIST)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All jobs, newest first."""
    state = request.GET.get("state", "")
    state = state if state in JobState.values else ""
    page = selectors.job_page(request.GET.get("at", ""), state=state)
    return render(request, "jobs/index.html", {"page": page, "state": state, "states": JobState.choices})


@role_required(Role.SCIENTIST)
@require_safe
def detail(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """One job: how far it is, what came of it."""
    return _show(request, job_id, "jobs/detail.html")


@role_required(Role.SCIENTIST)
@require_safe
def progress(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The part of the page that is fetched anew while the job is open."""
    return _show(request, job_id, "jobs/_progress.html")


def _show(request: HttpRequest, job_id: uuid.UUID, template: str) -> HttpResponse:
    job = get_object_or_404(Job.objects.select_related("requested_by"), pk=job_id)
    rate, left = selectors.job_pace(job)
    figures, tables = selectors.job_result(job)
    result = {"figures": figures, "tables": tables, "error": job.last_error.partition("\n\n")[0]}
    return render(request, template, {"job": job, "rate": rate, "left": left, **result})


@role_required(Role.ADMIN)
@require_POST
def cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Ask an open job to end."""
    job = get_object_or_404(Job, pk=job_id)
    if services.job_cancel(job.pk):
        messages.success(request, _("The job ends at its next step. What it did until then is kept."))
    else:
        messages.info(request, _("This job had ended already."))
    return redirect("jobs:detail", job.pk)


@role_required(Role.ADMIN)
@require_POST
def retry(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Queue a failed or cancelled job again."""
    job = get_object_or_404(Job, pk=job_id)
    if services.job_retry(job.pk):
        messages.success(request, _("The job is queued again and goes on where it stopped."))
    else:
        messages.info(request, _("Only a failed or cancelled job can be started again."))
    return redirect("jobs:detail", job.pk)
