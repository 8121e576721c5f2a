"""Pages of the classification task."""

from __future__ import annotations

from typing import Any

import nh3
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt

from accounts.access import public
from accounts.selectors import volunteer_remember
from classify import selectors
from classify.models import Workflow
from classify.texts import workflow_texts

# What main.js imports, directly or not: named in the page, all are fetched at once instead of one after the other.
MODULES = [
    *(f"js/{name}.js" for name in ("csrf", "dialogs", "shortcuts", "stretch", "viewer")),
    *(f"js/classify/{name}.js" for name in ("api", "keys", "outbox", "queue", "screen", "session", "store")),
    *(f"js/viewer/{name}.js" for name in ("gestures", "stretch-panel", "tone", "transform", "viewer")),
]


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """To the workflow that is open; without one, say so."""
    workflow = selectors.workflow_main()
    if workflow is None:
        return render(request, "classify/none.html")
    return redirect("classify:workflow", slug=workflow.slug)


@public
@require_safe
@ensure_csrf_cookie
def classify(request: HttpRequest, slug: str) -> HttpResponse:
    """The classifier."""
    workflow = get_object_or_404(Workflow, slug=slug, active=True)
    if not request.user.is_authenticated:
        volunteer_remember(request)
    context = {"workflow": workflow, "config": _config(workflow), "modules": MODULES}
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
            "help_html": _help_html(texts.help_text),
        },
        "urls": {
            "next": reverse("api:next", args=[workflow.slug]),
            "submit": reverse("api:classifications"),
            "talk": reverse("talk:subject", args=[0]),
        },
        "csrf_cookie": "csrftoken",
    }


def _help_html(help_text: str) -> str:
    return nh3.clean(MarkdownIt("commonmark", {"html": False}).render(help_text))
