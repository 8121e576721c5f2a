"""Pages of the classification task."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.access import public
from accounts.models import Volunteer
from accounts.selectors import volunteer_of, volunteer_remember
from classify import selectors, teaching
from classify.markdown import team_html
from classify.models import Workflow
from classify.texts import workflow_texts

# What main.js imports, directly or not: named in the page, all are fetched at once instead of one after the other.
MODULES = [
    *(f"js/{name}.js" for name in ("csrf", "dialogs", "shortcuts", "stretch", "viewer")),
    *(f"js/classify/{name}.js" for name in ("api", "favourite", "feedback", "keys", "marking", "outbox", "queue")),
    *(f"js/classify/{name}.js" for name in ("screen", "session", "store", "swipe")),
    *(f"js/viewer/{name}.js" for name in ("frames", "gestures", "stretch-panel", "tone", "transform", "viewer")),
]

MOST_CHOICES = 50


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """To the workflow that is open; where there are several, let people choose; without one, say so."""
    workflows = list(selectors.workflows_open()[:MOST_CHOICES])
    if not workflows:
        return render(request, "classify/none.html")
    if len(workflows) == 1:
        return redirect("classify:workflow", slug=workflows[0].slug)
    choices = [(one, workflow_texts(one), 100 * one.retired_count // max(one.subjects_count, 1)) for one in workflows]
    return render(request, "classify/choose.html", {"choices": choices})


@public
@require_safe
@ensure_csrf_cookie
def classify(request: HttpRequest, slug: str, *, training: bool = False) -> HttpResponse:
    """The classifier; for ``training``, with images whose answer is known only."""
    workflow = get_object_or_404(Workflow.objects.select_related("project"), slug=slug, active=True)
    if not request.user.is_authenticated:
        volunteer_remember(request)
    config = _config(workflow) | _lessons(workflow, volunteer_of(request), training)
    config["urls"] |= _addresses(workflow, training)
    context = {
        "workflow": workflow,
        "config": config,
        "modules": MODULES,
        "guide": teaching.guide_entries(workflow.project),
        "training_available": teaching.training_available(workflow),
    }
    response = render(request, "classify/classify.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


def _config(workflow: Workflow) -> dict[str, Any]:
    """What the classifier's scripts need to know."""
    texts = workflow_texts(workflow)
    return {
        "workflow": {
            "id": workflow.pk,
            "version": workflow.version,
            "question": texts.question,
            "answers": texts.answers,
            "marking": workflow.marking,
            "marking_question": texts.marking_question,
            "frames": workflow.frames != Workflow.Frames.NONE,
            "help_html": team_html(texts.help_text),
        },
        "urls": {
            "next": reverse("api:next", args=[workflow.slug]),
            "submit": reverse("api:classifications"),
            "talk": reverse("talk:subject", args=[0]),
        },
        "csrf_cookie": "csrftoken",
    }


def _lessons(workflow: Workflow, volunteer: Volunteer | None, training: bool) -> dict[str, Any]:
    """What the page teaches with, and whether this person has seen it."""
    return {
        "training": training,
        "tutorial": teaching.tutorial_steps(workflow),
        "tutorial_seen": training or teaching.tutorial_seen(workflow, volunteer),
    }


def _addresses(workflow: Workflow, training: bool) -> dict[str, str]:
    added = {
        "favourite": reverse("classify:favourite", args=[0]),
        "tutorial_seen": reverse("classify:tutorial_seen", args=[workflow.slug]),
    }
    return added | {"next": f"{reverse('api:next', args=[workflow.slug])}?training=1"} if training else added
