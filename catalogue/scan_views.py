"""The page of the archive scan: how far it is, how the scores are spread, the cutouts themselves, how good it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import role_required
from accounts.models import Role
from catalogue import completeness as tables
from catalogue import scan, scan_figures, scan_sheet
from catalogue.scan_csv import scan_csv
from catalogue.scan_sheet import ScanFilter
from catalogue.selectors import instruments
from jobs.models import Job
from ml.charts import histogram
from ml.feedback import evidence
from ml.models import Model
from ml.selectors import model_active


@role_required(Role.SCIENTIST)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The whole page; the filters in the address are the contact sheet's."""
    model = model_active()
    job = scan.prescreening(model)
    context = _funnel(model, job)
    if model:
        filters = ScanFilter.of(request.GET)
        context |= _figures(model, job) | _sheet(model, filters, request.GET.get("at", ""))
    return render(request, "catalogue/scan.html", context)


@role_required(Role.SCIENTIST)
@require_safe
def funnel(request: HttpRequest) -> HttpResponse:
    """The part of the page that is fetched anew while the model scores. Its end brings the whole page up to date."""
    model = model_active()
    context = _funnel(model, scan.prescreening(model))
    response = render(request, "catalogue/_funnel.html", context)
    if context["progress"] is None and request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"
    return response


@role_required(Role.SCIENTIST)
@require_safe
def figures_csv(request: HttpRequest) -> StreamingHttpResponse:
    """All figures of the page as a file."""
    response = StreamingHttpResponse(scan_csv(model_active()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="scan-{timezone.now():%Y%m%d}.csv"'
    return response


def _funnel(model: Model | None, job: Job | None) -> dict[str, Any]:
    steps = scan.funnel(scan.scan_counts(model, job))
    return {"model": model, "steps": steps, "progress": scan.scan_progress(job)}


def _figures(model: Model, job: Job | None) -> dict[str, Any]:
    return {
        "spreads": [spread for kind in scan_sheet.CLASSES if (spread := _spread(model, kind, job))],
        "against": scan_figures.against_people(model),
        "least": scan_figures.LEAST_ASTEROIDS,
        "evidence": evidence(model),
        "completeness": scan_figures.card_completeness(model),
    }


def _spread(model: Model, kind: str, job: Job | None) -> dict[str, Any] | None:
    """A class's histogram, each column with the address of the sheet that shows what is in it."""
    counts = scan.score_spread(model, kind, job)
    if not counts.total:
        return None
    chart = histogram(counts, model.threshold)
    columns = [
        (column, ScanFilter(kind=kind, low=column.bar.low, high=column.bar.high).query()) for column in chart.columns
    ]
    reach = chart.floor - chart.top
    return {"kind": kind, "words": scan_sheet.CLASSES[kind], "chart": chart, "columns": columns, "reach": reach}


def _sheet(model: Model, filters: ScanFilter, at: str) -> dict[str, Any]:
    """The contact sheet with its filters; the classes' and orders' chips keep the others."""
    return {
        "filters": filters,
        "query": filters.query(),
        "sheet": scan_sheet.sheet_page(model, filters, at),
        "at": at,
        "classes": [
            (words, replace(filters, kind=kind).query(), kind == filters.kind)
            for kind, words in scan_sheet.CLASSES.items()
        ],
        "orders": [
            (words, replace(filters, order=order).query(), order == filters.order)
            for order, words in scan_sheet.ORDERS.items()
        ],
        "instruments": instruments(),
        "filter_names": scan_sheet.filter_names(),
    }


@role_required(Role.SCIENTIST)
@require_safe
def completeness(request: HttpRequest) -> HttpResponse:
    """Which of the trails that were put into images are found, by whom."""
    context = {"tables": tables.completeness(), "mistaken": tables.mistaken(), "crowd": tables.CROWD}
    return render(request, "catalogue/completeness.html", context)
