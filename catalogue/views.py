"""Pages of the catalogue: the queue, one candidate, the validated results, downloads."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import account_of, public, role_required
from accounts.models import Role
from catalogue import exports, selectors, services
from catalogue.exports_classifications import classifications_csv
from catalogue.filters import ALL, OPINIONS, CandidateFilter
from catalogue.forms import DecisionForm
from catalogue.models import Candidate, Grade, TrailClass, Validation
from catalogue.opinions import Agreement
from catalogue.scan import kept
from catalogue.science import science_of

VERDICTS_SHOWN = {
    Validation.Verdict.ACCEPT: gettext_lazy("Accepted as %(class)s."),
    Validation.Verdict.REJECT: gettext_lazy("Rejected: %(class)s."),
    Validation.Verdict.REOPEN: gettext_lazy("Back in the queue."),
}


def _row(request: HttpRequest, name: str) -> Candidate | None:
    """The candidate that a page goes on from."""
    value = request.GET.get(name)
    if not value:
        return None
    try:
        return get_object_or_404(Candidate, pk=uuid.UUID(value))
    except ValueError:
        raise Http404("This is not the id of a candidate.") from None


@role_required(Role.SCIENTIST)
@require_safe
def validate(request: HttpRequest) -> HttpResponse:
    """The queue, with its first candidate open."""
    return _queue_page(request, None, after=_row(request, "after"), before=_row(request, "before"))


@role_required(Role.SCIENTIST)
@require_safe
def candidate(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One candidate, with the part of the queue that begins with it."""
    opened = get_object_or_404(selectors.candidates(), pk=pk)
    return _queue_page(request, opened)


def _queue_page(
    request: HttpRequest,
    opened: Candidate | None,
    *,
    after: Candidate | None = None,
    before: Candidate | None = None,
    form: DecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    filters = _filters(request)
    queue = selectors.candidate_queue(filters)
    if opened is None:
        page = selectors.candidate_page(queue, size=selectors.SHEET_SIZE, after=after, before=before)
        opened = page.rows[0] if page.rows else None
    else:
        page = selectors.sheet_around(queue, opened)
    context = {
        "filters": filters,
        "query": filters.query(),
        "page": page,
        "detail": selectors.candidate_detail(opened, filters) if opened else None,
        "science": science_of(opened) if opened else None,
        "ends": _ends(opened) if opened else [],
        "form": form or DecisionForm(),
        "chosen": _class_chosen(opened, form),
        "classes": TrailClass.choices,
        "agreement": _agreement() if filters.opinions else None,
        "grades": Grade.choices,
        "grade": _grade_chosen(opened, form),
        "states": _state_chips(filters),
        "sources": Candidate.Source.choices,
        "opinions": list(zip(OPINIONS, (_("two needed"), _("one given"), _("two differ")), strict=True)),
        "instruments": selectors.instruments(),
    }
    return render(request, "catalogue/validate.html", context, status=status)


def _agreement() -> Agreement:
    """How far people agree, counted anew once somebody has decided something."""
    newest = Validation.objects.order_by("-id").values_list("id", flat=True).first()
    return kept(f"agreement:{newest or 0}", selectors.people_agree)


def _filters(request: HttpRequest) -> CandidateFilter:
    """The filters of the address, in the queue of the person who asks."""
    return replace(CandidateFilter.of(request.GET), viewer=account_of(request).pk)


def _ends(opened: Candidate) -> list[tuple[str, str, float | None]]:
    """Fields for ends set by hand: name, label, and where the end was found."""
    found = (opened.end1_x, opened.end1_y, opened.end2_x, opened.end2_y)
    labels = (_("End 1, x"), _("End 1, y"), _("End 2, x"), _("End 2, y"))
    places = [None if value is None else round(value, 1) for value in found]
    return list(zip(("x1", "y1", "x2", "y2"), labels, places, strict=True))


def _class_chosen(opened: Candidate | None, form: DecisionForm | None) -> str:
    """The class that is marked: what was just sent, else what it was decided to be, else an asteroid."""
    sent = form.data.get("trail_class") if form else None
    return sent or (opened.trail_class if opened else "") or TrailClass.ASTEROID


def _grade_chosen(opened: Candidate | None, form: DecisionForm | None) -> str:
    """The grade that is marked: what was just sent, else the one it has."""
    return (form.data.get("grade") if form else None) or (opened.grade if opened else "")


def _state_chips(filters: CandidateFilter) -> list[dict[str, object]]:
    """The links that choose by state and keep the other filters."""
    known = [*Candidate.State.choices, (ALL, _("all"))]
    return [
        {"label": label, "query": replace(filters, state=state).query(), "current": filters.state == state}
        for state, label in known
    ]


@role_required(Role.SCIENTIST)
@require_POST
def decide(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Take one decision, then go on to the next candidate of the queue."""
    opened = get_object_or_404(selectors.candidates(), pk=pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _queue_page(request, opened, form=form, status=422)
    try:
        made = services.candidate_validate(candidate=opened, by=account_of(request), **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, [message for why in error.message_dict.values() for message in why])
        return _queue_page(request, opened, form=form, status=422)
    except services.DecidedMeanwhile as error:
        form.add_error(None, str(error))
        return _queue_page(request, opened, form=form, status=409)
    return _after(request, opened, made)


@role_required(Role.SCIENTIST)
@require_POST
def second(request: HttpRequest) -> HttpResponse:
    """Ask for two independent opinions (or one again) of all pending candidates that fit the filters."""
    filters = CandidateFilter.of(request.GET)
    needed = 1 if request.POST.get("needed") == "1" else 2
    asked = services.second_opinions_ask(
        candidates=filters.apply(Candidate.objects.all()), by=account_of(request), needed=needed
    )
    messages.success(
        request,
        ngettext("Changed for %(n)d candidate.", "Changed for %(n)d candidates.", asked) % {"n": asked},
    )
    query = filters.query()
    return HttpResponseRedirect(f"{reverse('catalogue:validate')}{'?' + query if query else ''}")


def _after(request: HttpRequest, decided: Candidate, made: Validation) -> HttpResponseRedirect:
    """To the next candidate, saying what was decided and how to come back to it."""
    filters = _filters(request)
    said = VERDICTS_SHOWN[Validation.Verdict(made.verdict)] % {"class": made.get_trail_class_display()}
    if decided.is_blind and made.verdict != Validation.Verdict.REOPEN:
        said = _("Your opinion is kept. Another one decides.")
    elif (decided.state, decided.trail_class) != services.outcome_of(made):
        said = _("Your opinion is kept. What most people said stands; take the decision back to begin anew.")
    link = reverse("catalogue:candidate", args=[decided.pk])
    messages.success(request, format_html('{} <a href="{}">{}</a>', said, link, _("Look at it again")))
    reopened = made.verdict == Validation.Verdict.REOPEN
    following = decided if reopened else selectors.candidate_after(decided, filters)
    address = reverse("catalogue:candidate", args=[following.pk]) if following else reverse("catalogue:validate")
    query = filters.query()
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


@public
@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """The validated catalogue, for everyone."""
    page = selectors.results_page(request.GET.get("at", ""))
    context = {"page": page, "counts": selectors.results_counts(), "formats": list(exports.FORMATS.values())}
    return render(request, "catalogue/results.html", context)


@role_required(Role.SCIENTIST)
@require_safe
def export(request: HttpRequest, fmt: str) -> HttpResponse:
    """The validated catalogue as a file."""
    kind = exports.FORMATS.get(fmt)
    if kind is None:
        raise Http404("There is no such format.")
    content = exports.catalogue_bytes(kind.name, made_by=account_of(request).get_username())
    response = HttpResponse(content, content_type=kind.content_type)
    response["Content-Disposition"] = f'attachment; filename="catalogue-{timezone.now():%Y%m%d}.{kind.suffix}"'
    return response


@role_required(Role.ADMIN)
@require_safe
def export_classifications(request: HttpRequest) -> StreamingHttpResponse:
    """All classifications, in the columns of Zooniverse's export; written row by row, whatever their number."""
    response = StreamingHttpResponse(classifications_csv(), content_type="text/csv; charset=utf-8")
    name = f"classifications-{timezone.now():%Y%m%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
