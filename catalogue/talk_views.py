"""From a tag's page in Talk into the queue."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import account_of, role_required
from accounts.models import Role
from catalogue.filters import CandidateFilter
from catalogue.forms import TakeOverForm
from catalogue.from_talk import MOST, TakenOver, candidates_from_tag
from catalogue.models import Candidate, TagOrigin
from talk.models import Tag
from talk.selectors import tag_named
from talk.tag_filters import TagFilter


@role_required(Role.SCIENTIST)
@require_POST
def from_tag(request: HttpRequest, name: str) -> HttpResponse:
    """Make candidates of the ticked subjects, or of all that fit the page's filters; then show them in the queue."""
    tag = tag_named(name)
    if tag is None:
        raise Http404
    filters = TagFilter.of(request.GET)
    form = TakeOverForm(request.POST)
    if not form.is_valid():
        return _refused(request, tag, filters, str(next(iter(form.errors.values()))[0]))
    trail_class = form.cleaned_data["trail_class"]
    chosen = _ticked(request) if form.cleaned_data["which"] == "ticked" else _all(tag, filters, trail_class)
    if not chosen:
        return _refused(request, tag, filters, _("No image was chosen, or all that fit are candidates already."))
    try:
        taken = candidates_from_tag(tag=tag, subject_ids=chosen[:MOST], trail_class=trail_class, by=account_of(request))
    except ValidationError as error:
        return _refused(request, tag, filters, " ".join(error.messages))
    messages.success(request, _words(taken, more=len(chosen) > MOST))
    query = CandidateFilter(source=Candidate.Source.TALK, trail_class=trail_class, tag=tag.name).query()
    return HttpResponseRedirect(f"{reverse('catalogue:validate')}?{query}")


def _ticked(request: HttpRequest) -> list[int]:
    given = request.POST.getlist("subject")[:MOST]
    return [int(one) for one in given if one.isascii() and one.isdigit() and len(one) <= 18]


def _all(tag: Tag, filters: TagFilter, trail_class: str) -> list[int]:
    """The subjects that fit and are no candidates of the class yet, most taggers first; one more than are taken."""
    there = TagOrigin.objects.filter(trail_class=trail_class).values("subject")
    rows = filters.subjects(tag).exclude(subject__in=there).filter(subject__cutout__isnull=False)
    return list(rows.order_by("-people_count", "-last_comment").values_list("subject_id", flat=True)[: MOST + 1])


def _refused(request: HttpRequest, tag: Tag, filters: TagFilter, why: str) -> HttpResponse:
    messages.error(request, why)
    query = filters.query()
    return HttpResponseRedirect(reverse("talk:tag", args=[tag.name]) + (f"?{query}" if query else ""))


def _words(taken: TakenOver, *, more: bool) -> str:
    said = [ngettext("%(n)d new candidate.", "%(n)d new candidates.", taken.made) % {"n": taken.made}]
    if taken.known:
        said.append(
            ngettext("%(n)d was one already.", "%(n)d were candidates already.", taken.known) % {"n": taken.known}
        )
    if taken.without_image:
        words = ngettext("%(n)d has no image, so no place.", "%(n)d have no image, so no place.", taken.without_image)
        said.append(words % {"n": taken.without_image})
    if more:
        said.append(_("There are more: the same button on the tag's page takes over the next."))
    return " ".join(said)
