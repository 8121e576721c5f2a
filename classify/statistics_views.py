"""The public pages of numbers: how much is classified when, by how many, and how far the search is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import public, role_required
from accounts.models import Role
from classify import statistics, statistics_team
from classify.activity import activity_chart, history_strip
from classify.models import Workflow
from classify.statistics import Span
from classify.statistics_span import asked
from classify.texts import workflow_texts


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All workflows together, and how far each is."""
    workflows = statistics.workflows_shown()
    context = _context(request, None) | {
        "total": sum(one.classifications_count for one in workflows),
        "progresses": [statistics.progress(one) for one in workflows],
    }
    return render(request, "classify/statistics.html", context)


@public
@require_safe
def workflow(request: HttpRequest, slug: str) -> HttpResponse:
    """One workflow."""
    found = _workflow_of(slug)
    context = _context(request, found) | {
        "total": found.classifications_count,
        "question": workflow_texts(found).question,
        "progresses": [statistics.progress(found)],
    }
    return render(request, "classify/statistics.html", context)


@public
@require_safe
def counts_csv(request: HttpRequest) -> StreamingHttpResponse:
    """What the chart shows, as a file; the address says the same as the page's, and which workflow."""
    found = _workflow_of(request.GET["workflow"]) if request.GET.get("workflow") else None
    span = asked(request.GET.dict()).span
    response = StreamingHttpResponse(_csv_lines(span, found), content_type="text/csv; charset=utf-8")
    name = f"classifications-{found.slug if found else 'all'}-{span.period}-{span.first}-{span.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@role_required(Role.SCIENTIST)
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """How people answer: devices, times, agreement, training. For the team only."""
    workflows = statistics.workflows_shown()
    slug = request.GET.get("workflow")
    chosen = next((one for one in workflows if one.slug == slug), workflows[0] if workflows else None)
    figures = statistics_team.team_figures(chosen) if chosen else None
    context = {"workflows": workflows, "workflow": chosen, "figures": figures}
    return render(request, "classify/statistics_team.html", context)


def _workflow_of(slug: str) -> Workflow:
    for found in statistics.workflows_shown():
        if found.slug == slug:
            return found
    raise Http404


def _context(request: HttpRequest, found: Workflow | None) -> dict[str, Any]:
    shown = asked(request.GET.dict())
    counts = statistics.filled(shown.span, statistics.period_counts(shown.span, found))
    return {
        "workflow": found,
        "asked": shown,
        "span": shown.span,
        "periods": _period_choices(),
        "chart": activity_chart(shown.span, counts),
        "strip": history_strip(shown, found),
        "people": statistics.people(found),
        "csv": _csv_url(shown.span, found),
    }


def _csv_url(span: Span, found: Workflow | None) -> str:
    given = {"workflow": found.slug} if found else {}
    given |= {"per": span.period, "from": span.first.isoformat(), "to": span.last.isoformat()}
    return f"{reverse('statistics:counts')}?{urlencode(given)}"


def _period_choices() -> list[tuple[str, str]]:
    return [("hour", _("Hour")), ("day", _("Day")), ("week", _("Week"))]


def _csv_lines(span: Span, found: Workflow | None) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield writer.writerow([f"{span.period}_begins_utc", "classifications"])
    for one in statistics.filled(span, statistics.period_counts(span, found)):
        yield writer.writerow([one.start.strftime("%Y-%m-%dT%H:%M:%SZ"), one.count])


class _Echo:
    """What a csv writer writes, handed back."""

    def write(self, line: str) -> str:
        return line
