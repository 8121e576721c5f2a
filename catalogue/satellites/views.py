"""The public page of satellites in Hubble's exposures: this site's counts, the published ones, and what may come."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import public
from catalogue.satellites import published
from catalogue.satellites.charts import crossed_map, fraction_charts, table_lines
from catalogue.satellites.counting import satellites_counted
from catalogue.satellites.foretelling import foretold
from jobs.cells import formula_safe
from sky.satellite_files import fractions_csv


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Counts, map, and the model, whose questions stand in the address."""
    counted = satellites_counted()
    context = {
        "counted": counted,
        "lines": table_lines(counted),
        "charts": fraction_charts(counted),
        "sky": crossed_map(counted),
        "model": foretold(request.GET),
        "published": published,
    }
    return render(request, "catalogue/satellites.html", context)


@public
@require_safe
def counted_csv(request: HttpRequest) -> HttpResponse:
    """The counts as a file, in the columns of ``manage.py satellite_fractions``."""
    table = [
        replace(row, instrument=formula_safe(row.instrument), filter=formula_safe(row.filter))
        for row in satellites_counted().table
    ]
    response = HttpResponse(fractions_csv(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="satellites.csv"'
    return response
