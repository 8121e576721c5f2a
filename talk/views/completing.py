"""What to offer while somebody types."""

from __future__ import annotations

import re
from dataclasses import asdict

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from accounts.access import account_of, signed_in
from talk.completion import Offer, people_offered, subjects_offered, tags_offered
from talk.errors import Refused
from talk.limits import completion_count

WORDS = {
    "#": re.compile(r"[-\w]{1,40}", re.ASCII),
    "@": re.compile(r"[\w.-]{0,40}", re.ASCII),
    "^": re.compile(r"[sS]?([0-9]{1,12})", re.ASCII),
}


@signed_in
@require_GET
def complete(request: HttpRequest) -> JsonResponse:
    """Up to a few tags, people or subjects for what was typed so far (``q``), in the conversation ``thread``."""
    typed, person = request.GET.get("q", ""), account_of(request)
    pattern = WORDS.get(typed[:1])
    match = pattern.fullmatch(typed[1:]) if pattern else None
    if match is None:
        return JsonResponse({"offers": []})
    try:
        completion_count(person)
    except Refused as refusal:
        return JsonResponse({"error": {"code": refusal.code, "message": refusal.message}}, status=429)
    return JsonResponse({"offers": [asdict(offer) for offer in _offers(request, typed[0], match)]})


def _offers(request: HttpRequest, sign: str, match: re.Match[str]) -> list[Offer]:
    if sign == "#":
        return tags_offered(match[0])
    if sign == "^":
        return subjects_offered(match[1])
    thread = request.GET.get("thread", "")
    known = thread.isascii() and thread.isdigit() and len(thread) <= 18
    return people_offered(account_of(request), match[0], discussion_pk=int(thread) if known else None)
