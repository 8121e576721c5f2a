"""Reads about people."""

from __future__ import annotations

import uuid

from django.http import HttpRequest

from accounts.models import Volunteer


def volunteer_of(request: HttpRequest, *, create: bool = False) -> Volunteer | None:
    """The volunteer behind a request, or None when there is none yet.

    ``create`` makes one (and lets the middleware set the cookie for an anonymous browser). Only requests
    that record something create; a crawler that reads pages leaves no rows.
    """
    if request.user.is_authenticated:
        found = Volunteer.objects.filter(user=request.user).first()
        return found or (Volunteer.objects.get_or_create(user=request.user)[0] if create else None)
    key: uuid.UUID | None = getattr(request, "volunteer_key", None)
    if key is not None:
        found = Volunteer.objects.filter(key=key, user=None).first()
        if found or not create:
            return found
    if not create:
        return None
    # A key whose row is gone, or that belongs to an account by now, starts a new person.
    made = Volunteer.objects.create(key=uuid.uuid4())
    request.volunteer_key = made.key  # type: ignore[attr-defined]
    return made
