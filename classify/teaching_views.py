"""What teaches people, as pages: pictures, the field guide, the training, what was seen and what is liked."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import public
from accounts.models import Volunteer
from accounts.selectors import volunteer_of
from accounts.throttles import NewVolunteerThrottle
from classify import teaching
from classify.models import Picture, Subject, Workflow
from classify.pictures import picture_bytes

FOR_EVER = "public, max-age=31536000, immutable"  # a picture is never changed, only replaced by another


@public
@require_safe
def picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """A picture of the tutorial or the field guide."""
    found = get_object_or_404(Picture, public_id=public_id)
    etag = f'"{found.public_id}"'
    known = get_conditional_response(request, etag=etag)
    if known is not None:
        known.headers["Cache-Control"] = FOR_EVER
        return known
    data = picture_bytes(found)
    if data is None:
        raise Http404
    headers = {"Cache-Control": FOR_EVER, "ETag": etag, "X-Content-Type-Options": "nosniff"}
    response = HttpResponse(data, content_type="image/webp", headers=headers)
    # Keeps GZipMiddleware away: it would spend time on making compressed pictures larger.
    response.headers["Content-Encoding"] = "identity"
    return response


@public
@require_safe
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole field guide as a page."""
    workflow = get_object_or_404(Workflow.objects.select_related("project"), slug=slug, active=True)
    entries = teaching.guide_entries(workflow.project)
    practice = teaching.training_available(workflow)
    return render(
        request, "classify/guide.html", {"workflow": workflow, "guide": entries, "training_available": practice}
    )


@public
@require_POST
def tutorial_seen(request: HttpRequest, slug: str) -> HttpResponse:
    """Remember that this person went through the tutorial; somebody who is nobody yet remembers it in the browser."""
    workflow = get_object_or_404(Workflow, slug=slug, active=True)
    volunteer = volunteer_of(request, create=request.user.is_authenticated)
    if volunteer is not None:
        teaching.tutorial_seen_record(workflow=workflow, volunteer=volunteer)
    return HttpResponse(status=204)


@public
@require_POST
def favourite(request: HttpRequest, subject: int) -> HttpResponse:
    """Put an image among one's favourites (``liked=1``), take it out (``liked=0``), or without ``liked`` change it."""
    found = get_object_or_404(Subject, pk=subject)
    volunteer = _volunteer(request)
    if not isinstance(volunteer, Volunteer):
        return volunteer
    said = request.POST.get("liked", "")
    liked = said == "1" if said in ("0", "1") else not volunteer.favourites.filter(subject=found).exists()
    teaching.favourite_set(volunteer=volunteer, subject=found, liked=liked)
    return JsonResponse({"favourite": liked})


def _volunteer(request: HttpRequest) -> Volunteer | HttpResponse:
    """Who likes it, or why nobody does. Like an answer, a favourite makes a person of a browser; an address may bring
    only so many.
    """
    found = volunteer_of(request, create=request.user.is_authenticated)
    if found is not None:
        return found
    if getattr(request, "volunteer_key", None) is None:
        message = gettext("Open the page of the classifier first, with cookies allowed: favourites belong to a person.")
        return _refused(400, "no_volunteer", message)
    if not NewVolunteerThrottle().allow_request(Request(request), APIView()):
        message = gettext(
            "Too many people begin from your address at the moment. Answer this image, or come back later."
        )
        return _refused(429, "throttled", message)
    made = volunteer_of(request, create=True)
    assert made is not None
    return made


def _refused(status: int, code: str, message: str) -> HttpResponse:
    return JsonResponse({"error": {"code": code, "message": message, "fields": {}}}, status=status)
