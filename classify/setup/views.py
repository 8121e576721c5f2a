"""Pages of projects, workflows and their rules. Scientists make and change them; nobody else knows of them."""

from __future__ import annotations

import copy
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import account_of, role_required
from accounts.models import Role
from classify.frames import frames_added
from classify.markdown import team_html
from classify.models import Project, Workflow
from classify.rule_preview import rule_preview
from classify.selectors import subject_for_viewer
from classify.setup import selectors, services
from classify.setup.forms import ActivateForm, ProjectForm, WorkflowForm
from classify.setup.rule_form import RuleForm
from classify.teaching import guide_entries, tutorial_steps
from classify.texts import workflow_texts

LONGEST_MARKDOWN = 20_000
scientist = role_required(Role.SCIENTIST)


def workflow_of(slug: str) -> Workflow:
    """The workflow of an address, with its project."""
    return get_object_or_404(Workflow.objects.select_related("project"), slug=slug)


@scientist
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All projects and their workflows, with state and numbers."""
    return render(request, "classify/setup/index.html", {"projects": selectors.projects()})


@scientist
@require_http_methods(["GET", "POST"])
def project_new(request: HttpRequest) -> HttpResponse:
    """Make a project."""
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = services.project_create(**form.cleaned_data)
        messages.success(request, _("The project is there. Now give it a workflow: the question people answer."))
        return redirect("setup:project", slug=made.slug)
    return render(request, "classify/setup/project_form.html", {"form": form}, status=422 if form.errors else 200)


@scientist
@require_safe
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """One project: its workflows, its field guide, its story."""
    found = get_object_or_404(selectors.projects(), slug=slug)
    context = {"project": found, "entries": found.guide_entries.filter(language=settings.LANGUAGE_CODE)}
    return render(request, "classify/setup/project.html", context)


@scientist
@require_http_methods(["GET", "POST"])
def project_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a project's name, story and state."""
    found = get_object_or_404(Project, slug=slug)
    form = ProjectForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        services.project_change(project=found, **form.cleaned_data)
        messages.success(request, _("The project was changed."))
        return redirect("setup:project", slug=slug)
    context = {"form": form, "project": found}
    return render(request, "classify/setup/project_form.html", context, status=422 if form.errors else 200)


@scientist
@require_http_methods(["GET", "POST"])
def workflow_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a workflow of a project."""
    found = get_object_or_404(Project, slug=slug)
    form = WorkflowForm(request.POST or None, instance=Workflow(project=found, purpose=Workflow.Purpose.OTHER))
    if request.method == "POST" and form.is_valid():
        made = services.workflow_create(project=found, values=form.changes(), by=account_of(request))
        messages.success(request, _("The workflow is there, at rest. Choose its images next."))
        return redirect("setup:workflow", slug=made.slug)
    context = {"form": form, "project": found}
    return render(request, "classify/setup/question.html", context, status=422 if form.errors else 200)


@scientist
@require_safe
def workflow(request: HttpRequest, slug: str) -> HttpResponse:
    """One workflow: what is done, what is left to do, what was changed by whom."""
    found = workflow_of(slug)
    context = {
        "workflow": found,
        "texts": workflow_texts(found),
        "sets": selectors.subject_sets_of(found),
        "steps": found.tutorial_steps.filter(language=settings.LANGUAGE_CODE).count(),
        "entries": found.project.guide_entries.filter(language=settings.LANGUAGE_CODE).count(),
        "activate_form": ActivateForm(initial={"active": not found.active}),
        "history": selectors.workflow_history(found),
    }
    return render(request, "classify/setup/workflow.html", context)


@scientist
@require_http_methods(["GET", "POST"])
def question(request: HttpRequest, slug: str) -> HttpResponse:
    """Change what people are asked, and the texts around it."""
    found = workflow_of(slug)
    form = WorkflowForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        by, why = account_of(request), form.cleaned_data["why"]
        changed = services.workflow_change(workflow=found, changes=form.changes(), by=by, why=why)
        messages.success(request, _("Saved. The workflow is at version %s.") % changed.version)
        return redirect("setup:workflow", slug=slug)
    context = {"form": form, "workflow": found, "project": found.project}
    return render(request, "classify/setup/question.html", context, status=422 if form.errors else 200)


@scientist
@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest, slug: str) -> HttpResponse:
    """The rule of retirement. By GET with its fields it is tried on past votes, by POST it is saved."""
    found = workflow_of(slug)
    given: Any = request.POST if request.method == "POST" else request.GET if "min_votes" in request.GET else None
    form = RuleForm(given, instance=copy.copy(found))
    context: dict[str, Any] = {"workflow": found, "form": form}
    if given is not None and form.is_valid():
        if request.method == "POST":
            by, why = account_of(request), form.cleaned_data["why"]
            services.workflow_change(workflow=found, changes=form.changes(), by=by, why=why)
            messages.success(request, _("The rule was saved. It decides from the next vote on each image."))
            return redirect("setup:workflow", slug=slug)
        context["preview"] = rule_preview(found, form.instance)
    return render(request, "classify/setup/rule.html", context, status=422 if form.errors else 200)


@scientist
@require_POST
def activate(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the workflow to volunteers, or stop showing it."""
    found = workflow_of(slug)
    form = ActivateForm(request.POST)
    if form.is_valid():
        try:
            by, said = account_of(request), form.cleaned_data
            done = services.workflow_activate(workflow=found, active=said["active"], by=by, why=said["why"])
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        else:
            messages.success(request, _("People can classify here now.") if done.active else _("It rests now."))
    return redirect("setup:workflow", slug=slug)


@scientist
@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The workflow as a volunteer sees it; nothing is saved. By POST with what is being written."""
    found = workflow_of(slug)
    draft = copy.copy(found)
    if request.method == "POST":
        form = WorkflowForm(request.POST, instance=copy.copy(found))
        if not form.is_valid():
            context = {"form": form, "workflow": found, "project": found.project}
            return render(request, "classify/setup/question.html", context, status=422)
        for name, value in form.changes().items():
            setattr(draft, name, value)
    language = request.GET.get("language", "")
    language = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with override(language):
        return render(request, "classify/setup/preview.html", _preview_context(found, draft, language))


def _preview_context(saved: Workflow, draft: Workflow, language: str) -> dict[str, Any]:
    texts = workflow_texts(draft, language)
    subject = selectors.subject_sample(saved)
    return {
        "workflow": draft,
        "texts": texts,
        "help_html": team_html(texts.help_text),
        "view": frames_added(draft, [subject_for_viewer(subject)])[0] if subject else None,
        "tutorial": tutorial_steps(saved, language),
        "guide": guide_entries(saved.project, language),
        "preview_language": language,
        "languages": settings.LANGUAGES,
    }


@scientist
@require_POST
def markdown(request: HttpRequest) -> HttpResponse:
    """What a text will look like, while it is written."""
    name = request.headers.get("HX-Trigger-Name", "")
    text = request.POST.get(name, "")[:LONGEST_MARKDOWN]
    return render(request, "classify/setup/_markdown.html", {"html": team_html(text) if text.strip() else ""})
