"""Pages of a workflow's images: which it shows, and which people said “yes” to."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import account_of
from classify.models import SubjectSet
from classify.setup import selectors
from classify.setup.filling import subject_set_ensure, workflow_fill
from classify.setup.subject_forms import SelectionForm, SetNameForm
from classify.setup.views import scientist, workflow_of
from jobs.selectors import job_pace


def _selection_form(data: object) -> SelectionForm:
    return SelectionForm(data, instruments=selectors.instruments(), filters=selectors.filters())


@scientist
@require_safe
def images(request: HttpRequest, slug: str) -> HttpResponse:
    """Which images the workflow shows; others to choose from, by set or by what they are of."""
    found = workflow_of(slug)
    asked = "instrument" in request.GET
    form = _selection_form(request.GET if asked else None)
    jobs = selectors.fill_jobs(found)
    context: dict[str, Any] = {
        "workflow": found,
        "sets": selectors.subject_sets_of(found),
        "others": selectors.subject_sets_other(found),
        "jobs": jobs,
        "job": next((job for job in jobs if job.is_open), None),
        "form": form,
    }
    if context["job"]:
        context["rate"], context["left"] = job_pace(context["job"])
    if asked and form.is_valid():
        rows = form.selection().cutouts()
        context |= {"count": rows.count(), "sample": rows.order_by("-pk")[: selectors.SAMPLE]}
        context["name_form"] = SetNameForm(initial={"name": _set_name(form)})
    return render(request, "classify/setup/images.html", context, status=422 if form.errors else 200)


def _set_name(form: SelectionForm) -> str:
    """What the chosen images could be called."""
    chosen = form.selection()
    words = [chosen.instrument, chosen.filter_name, chosen.target, chosen.first and f"{chosen.first}–", chosen.last]
    return " ".join(word for word in words if word) or _("All images")


@scientist
@require_POST
def set_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a set's images, or those that joined it since."""
    found = workflow_of(slug)
    number = request.POST.get("set", "")
    if number.isascii() and number.isdigit() and len(number) < 18:
        chosen = get_object_or_404(SubjectSet, pk=int(number))
        workflow_fill(workflow=found, subject_set=chosen, by=account_of(request))
        messages.success(request, _("The images are being added. You can leave this page."))
    else:
        messages.error(request, _("Choose a set first."))
    return redirect("setup:images", slug=slug)


@scientist
@require_POST
def chosen_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the images that were chosen by what they are of; together they become a set of the project."""
    found = workflow_of(slug)
    form, name_form = _selection_form(request.POST), SetNameForm(request.POST)
    if not (form.is_valid() and name_form.is_valid()):
        messages.error(request, _("Nothing was added. Choose the images again and give their set a name."))
        return redirect("setup:images", slug=slug)
    chosen = subject_set_ensure(project=found.project, name=name_form.cleaned_data["name"])
    workflow_fill(workflow=found, subject_set=chosen, by=account_of(request), selection=form.selection())
    messages.success(request, _("The images are being added. You can leave this page."))
    return redirect("setup:images", slug=slug)


@scientist
@require_safe
def finds(request: HttpRequest, slug: str) -> HttpResponse:
    """The images that people finished with a “yes”, the likeliest first."""
    found = workflow_of(slug)
    page = selectors.find_page(found, request.GET.get("at", ""))
    return render(request, "classify/setup/finds.html", {"workflow": found, "page": page})


@scientist
@require_safe
def finds_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """All finds as a table."""
    found = workflow_of(slug)
    response = StreamingHttpResponse(_lines(selectors.find_rows(found)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="finds-{found.slug}.csv"'
    return response


class _Line:
    """What `csv.writer` writes to: it hands each line on."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterator[tuple[object, ...]]) -> Iterator[str]:
    writer = csv.writer(_Line(), lineterminator="\n")
    yield writer.writerow(selectors.CSV_COLUMNS)
    for row in rows:
        yield writer.writerow(row)
