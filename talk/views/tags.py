"""The page of a tag, its downloads, and the spellings that moderators merge."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import account_of, public, role_required
from accounts.models import Role
from talk import tag_selectors
from talk.access import boards_readable
from talk.errors import Refused
from talk.list_forms import MergeForm
from talk.merging import tag_split, tags_merge
from talk.models import Access, Tag
from talk.tag_exports import FORMATS, tag_subjects_file
from talk.tag_filters import ORDERS, TagFilter
from talk.views.paging import number_of

MOST_COUNTED = 500
COMMENTS = 10


def _tag_or_404(name: str) -> Tag:
    found = tag_selectors.tag_by_name(name)
    if found is None or not (found.uses_count or found.merged_into):
        raise Http404
    return found


@public
@require_GET
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """Everything with a tag: the images as a contact sheet, and what was written. A merged spelling leads on."""
    found = _tag_or_404(name)
    if found.merged_into:
        query = request.GET.urlencode()
        return redirect(reverse("talk:tag", args=[found.merged_into.name]) + (f"?{query}" if query else ""))
    filters = TagFilter.of(request.GET)
    try:
        at = tag_selectors.tag_subjects_key(request.GET.get("images"))
    except ValueError:
        raise Http404 from None
    scientist = request.user.is_authenticated and account_of(request).is_scientist
    rows = filters.subjects(found)
    context = {
        "tag": found,
        "filters": filters,
        "query": filters.query(),
        "orders": [(order, filters.order == order) for order in ORDERS],
        "subjects": tag_selectors.tag_subjects(found, filters, at=at),
        "page": tag_selectors.tag_comments(found, filters, before=number_of(request, "before"), limit=COMMENTS),
        "variants": tag_selectors.tag_variants(found),
        "all_boards": boards_readable(None).filter(read=Access.EVERYONE).order_by("-is_notes", "title"),
        "fitting": tag_selectors.subjects_count_to(rows, MOST_COUNTED) if scientist else 0,
        "most": MOST_COUNTED,
        "formats": list(FORMATS),
    }
    return render(request, "talk/tag.html", context)


@role_required(Role.SCIENTIST)
@require_GET
def tag_file(request: HttpRequest, name: str, fmt: str) -> StreamingHttpResponse:
    """The images with a tag that fit the page's filters, as a table with positions; written row by row."""
    found = _tag_or_404(name)
    kind = FORMATS.get(fmt)
    if kind is None:
        raise Http404
    found = found.merged_into or found
    filters = TagFilter.of(request.GET)
    address = request.build_absolute_uri(reverse("talk:tag", args=[found.name]) + f"?{filters.query()}".rstrip("?"))
    response = StreamingHttpResponse(
        tag_subjects_file(found, filters, fmt=fmt, address=address), content_type=kind.content_type
    )
    response["Content-Disposition"] = f'attachment; filename="tag-{found.name}.{kind.suffix}"'
    return response


@role_required(Role.MODERATOR)
@require_GET
def spellings(request: HttpRequest) -> HttpResponse:
    """Tags that look like spellings of one another, the most used first."""
    return render(request, "talk/spellings.html", {"groups": tag_selectors.spellings_near()})


@role_required(Role.MODERATOR)
@require_http_methods(["GET", "POST"])
def tag_spellings(request: HttpRequest, name: str) -> HttpResponse:
    """One tag's spellings: merge another into it, or take one out again, and say why."""
    found = _tag_or_404(name)
    if found.merged_into:
        return redirect("talk:tag_spellings", name=found.merged_into.name)
    form = MergeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, _merge_or_split(request, found, form))
            return redirect("talk:tag_spellings", name=found.name)
        except Refused as refusal:
            form.add_error(None, refusal.message)
    context = {
        "tag": found,
        "form": form,
        "variants": tag_selectors.tag_variants(found),
        "near": tag_selectors.spellings_of(found),
    }
    return render(request, "talk/tag_spellings.html", context, status=422 if form.errors else 200)


def _merge_or_split(request: HttpRequest, found: Tag, form: MergeForm) -> str:
    other, by, why = form.cleaned_data["spelling"], account_of(request), form.cleaned_data["why"]
    names = {"spelling": other.name, "tag": found.name}
    if form.cleaned_data["act"] == "split":
        if other.merged_into_id != found.pk:
            raise Refused("not_merged", _("#%(spelling)s does not stand for #%(tag)s.") % names)
        tag_split(tag=other, by=by, why=why)
        return _("#%(spelling)s is a tag of its own again.") % names
    tags_merge(tag=other, into=found, by=by, why=why)
    return _("#%(spelling)s now stands for #%(tag)s.") % names
