"""What a scientist does with a candidate besides deciding: measure, fit a distance, identify the object."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import account_of, role_required
from accounts.models import Role
from catalogue.distances import candidate_fit_distance
from catalogue.filters import CandidateFilter
from catalogue.identifying import candidate_identify
from catalogue.measuring import candidate_measure
from catalogue.models import Candidate, ObjectMatch
from catalogue.science import match_decide

CANDIDATES = Candidate.objects.select_related("exposure__observation", "exposure__source_file")


class EndsForm(forms.Form):
    """Both ends in pixels of the exposure, from 0; all four numbers or none."""

    x1 = forms.FloatField(required=False)
    y1 = forms.FloatField(required=False)
    x2 = forms.FloatField(required=False)
    y2 = forms.FloatField(required=False)

    def clean(self) -> dict[str, float | None]:
        """All four or none."""
        missing = [name for name in self.fields if self.cleaned_data.get(name) is None]
        if 0 < len(missing) < len(self.fields) or self.errors:
            raise ValidationError(_("Both ends are needed: four numbers, or none."))
        return self.cleaned_data

    @property
    def ends(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """The ends, or None where one is missing."""
        x1, y1, x2, y2 = (self.cleaned_data.get(name) for name in ("x1", "y1", "x2", "y2"))
        return None if x1 is None or y1 is None or x2 is None or y2 is None else ((x1, y1), (x2, y2))


@role_required(Role.SCIENTIST)
@require_POST
def measure(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Measure the trail anew, from ends set by hand or from where it was found."""
    candidate = get_object_or_404(CANDIDATES, pk=pk)
    form = EndsForm(request.POST)

    def act() -> str:
        if not form.is_valid():
            raise ValidationError(list(form.non_field_errors()))
        found = candidate_measure(candidate=candidate, by=account_of(request), ends=form.ends)
        return _("Measured: %(length).1f pixels long.") % {"length": found.length_px}

    return _done(request, candidate, act)


@role_required(Role.SCIENTIST)
@require_POST
def distance(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Fit the distance."""
    candidate = get_object_or_404(CANDIDATES, pk=pk)

    def act() -> str:
        fit = candidate_fit_distance(candidate=candidate, by=account_of(request))
        if fit.distance_au is None and fit.at_least_au is None:
            return _("Fitted, but these points tell no distance.")
        if fit.distance_au is None:
            return _("Fitted: at least %(least).2f au away.") % {"least": fit.at_least_au}
        return _("Fitted: %(distance).2f au away.") % {"distance": fit.distance_au}

    return _done(request, candidate, act)


@role_required(Role.SCIENTIST)
@require_POST
def identify(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hold the trail against the known objects."""
    candidate = get_object_or_404(CANDIDATES, pk=pk)

    def act() -> str:
        found = candidate_identify(candidate=candidate, by=account_of(request)).found_count
        return ngettext("%(n)d known object is near.", "%(n)d known objects are near.", found) % {"n": found}

    return _done(request, candidate, act)


@role_required(Role.SCIENTIST)
@require_POST
def match(request: HttpRequest, pk: uuid.UUID, match_id: int) -> HttpResponse:
    """Accept or reject a known object."""
    candidate = get_object_or_404(CANDIDATES, pk=pk)
    found = get_object_or_404(ObjectMatch, pk=match_id, candidate=candidate)

    def act() -> str:
        made = match_decide(match=found, by=account_of(request), state=request.POST.get("state", ""))
        return f"{made.designation}: {made.get_state_display()}"

    return _done(request, candidate, act)


def _done(request: HttpRequest, candidate: Candidate, act: Callable[[], str]) -> HttpResponse:
    """Back to the candidate, saying what was done or why not."""
    try:
        messages.success(request, act())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    query = CandidateFilter.of(request.GET).query()
    address = reverse("catalogue:candidate", args=[candidate.pk])
    return HttpResponseRedirect(f"{address}{'?' + query if query else ''}#science")
