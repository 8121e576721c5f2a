"""Pages of the tutorial and the field guide."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import account_of
from classify.markdown import team_html
from classify.models import GuideEntry, GuideExample, Project, TutorialStep, Workflow
from classify.setup import teaching
from classify.setup.teaching_forms import EntryForm, ExampleForm, StepForm
from classify.setup.views import scientist, workflow_of


def _by_language(rows: Any) -> list[tuple[str, str, list[Any]]]:
    """The rows of each language of the site: its code, its name, its rows in order."""
    found = list(rows)
    return [(code, name, [row for row in found if row.language == code]) for code, name in settings.LANGUAGES]


def _language(request: HttpRequest) -> str:
    asked = request.GET.get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


@scientist
@require_safe
def tutorial(request: HttpRequest, slug: str) -> HttpResponse:
    """The steps of a workflow's tutorial, in each language."""
    found = workflow_of(slug)
    groups = _by_language(found.tutorial_steps.select_related("picture"))
    shown = [(code, name, [(row, team_html(row.text)) for row in rows]) for code, name, rows in groups]
    return render(request, "classify/setup/tutorial.html", {"workflow": found, "groups": shown})


@scientist
@require_http_methods(["GET", "POST"])
def step_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a step."""
    return _step_page(request, workflow_of(slug), TutorialStep(language=_language(request)))


@scientist
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, step_id: int) -> HttpResponse:
    """Change a step."""
    rows = TutorialStep.objects.select_related("workflow__project", "picture")
    found = get_object_or_404(rows, pk=step_id)
    return _step_page(request, found.workflow, found)


def _step_page(request: HttpRequest, workflow: Workflow, step: TutorialStep) -> HttpResponse:
    form = StepForm(request.POST or None, request.FILES or None, instance=step)
    if request.method == "POST" and form.is_valid():
        away = bool(form.cleaned_data.get("remove_picture"))
        try:
            teaching.step_save(
                workflow=workflow, step=form.instance, by=account_of(request), upload=form.upload(), remove_picture=away
            )
        except ValidationError as refused:
            form.add_error("picture_file", refused.messages)
        else:
            messages.success(request, _("The step was saved."))
            return redirect("setup:tutorial", slug=workflow.slug)
    context = {"form": form, "workflow": workflow, "step": step if step.pk else None}
    return render(request, "classify/setup/step.html", context, status=422 if form.errors else 200)


@scientist
@require_POST
def step_move(request: HttpRequest, step_id: int) -> HttpResponse:
    """One place up or down."""
    found = get_object_or_404(TutorialStep.objects.select_related("workflow"), pk=step_id)
    teaching.step_move(step=found, up=_up(request), by=account_of(request))
    return redirect(f"{reverse('setup:tutorial', args=[found.workflow.slug])}#step-{found.pk}")


@scientist
@require_http_methods(["GET", "POST"])
def step_delete(request: HttpRequest, step_id: int) -> HttpResponse:
    """Ask, then remove a step."""
    found = get_object_or_404(TutorialStep.objects.select_related("workflow"), pk=step_id)
    back = reverse("setup:tutorial", args=[found.workflow.slug])
    if request.method == "POST":
        teaching.step_delete(step=found, by=account_of(request))
        messages.success(request, _("The step was removed."))
        return redirect(back)
    return render(request, "classify/setup/delete.html", {"what": found.title, "back": back})


@scientist
@require_safe
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """The classes of a project's field guide, in each language."""
    found = get_object_or_404(Project, slug=slug)
    groups = _by_language(found.guide_entries.prefetch_related("examples__picture"))
    return render(request, "classify/setup/guide.html", {"project": found, "groups": groups})


@scientist
@require_http_methods(["GET", "POST"])
def entry_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a class."""
    found = get_object_or_404(Project, slug=slug)
    return _entry_page(request, found, GuideEntry(project=found, language=_language(request)))


@scientist
@require_http_methods(["GET", "POST"])
def entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Change a class and its pictures."""
    found = get_object_or_404(GuideEntry.objects.select_related("project"), pk=entry_id)
    return _entry_page(request, found.project, found)


def _entry_page(
    request: HttpRequest, project: Project, entry: GuideEntry, example_form: ExampleForm | None = None
) -> HttpResponse:
    sent = request.POST if request.method == "POST" and example_form is None else None
    form = EntryForm(sent, instance=entry)
    if sent is not None and form.is_valid():
        saved = teaching.entry_save(project=project, entry=form.instance)
        messages.success(request, _("Saved. Three pictures or more help people most."))
        return redirect("setup:entry", entry_id=saved.pk)
    context: dict[str, Any] = {
        "form": form,
        "project": project,
        "entry": None,
        "example_form": example_form or ExampleForm(),
    }
    if entry.pk:
        context |= {"entry": entry, "examples": entry.examples.select_related("picture")}
    failed = form.errors or (example_form is not None and example_form.errors)
    return render(request, "classify/setup/entry.html", context, status=422 if failed else 200)


@scientist
@require_POST
def entry_move(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One place up or down."""
    found = get_object_or_404(GuideEntry.objects.select_related("project"), pk=entry_id)
    teaching.entry_move(entry=found, up=_up(request))
    return redirect(f"{reverse('setup:guide', args=[found.project.slug])}#entry-{found.pk}")


@scientist
@require_http_methods(["GET", "POST"])
def entry_delete(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Ask, then remove a class with its pictures."""
    found = get_object_or_404(GuideEntry.objects.select_related("project"), pk=entry_id)
    back = reverse("setup:guide", args=[found.project.slug])
    if request.method == "POST":
        found.delete()
        messages.success(request, _("The class was removed."))
        return redirect(back)
    return render(request, "classify/setup/delete.html", {"what": found.name, "back": back})


@scientist
@require_POST
def example_add(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Add a picture to a class."""
    found = get_object_or_404(GuideEntry.objects.select_related("project"), pk=entry_id)
    form = ExampleForm(request.POST, request.FILES)
    if form.is_valid() and (upload := form.upload()) is not None:
        try:
            teaching.example_add(entry=found, upload=upload, caption=form.cleaned_data["caption"])
        except ValidationError as refused:
            form.add_error("picture_file", refused.messages)
        else:
            messages.success(request, _("The picture was added."))
            return redirect("setup:entry", entry_id=found.pk)
    return _entry_page(request, found.project, found, form)


@scientist
@require_POST
def example_move(request: HttpRequest, example_id: int) -> HttpResponse:
    """One place forwards or back."""
    found = get_object_or_404(GuideExample.objects.select_related("entry"), pk=example_id)
    teaching.example_move(example=found, up=_up(request))
    return redirect("setup:entry", entry_id=found.entry_id)


@scientist
@require_POST
def example_delete(request: HttpRequest, example_id: int) -> HttpResponse:
    """Remove a picture from its class."""
    found = get_object_or_404(GuideExample, pk=example_id)
    entry_id = found.entry_id
    found.delete()
    messages.success(request, _("The picture was removed."))
    return redirect("setup:entry", entry_id=entry_id)


def _up(request: HttpRequest) -> bool:
    return request.POST.get("to") == "up"
