"""Reads about people."""

from __future__ import annotations

import uuid
from typing import Any

from allauth.account.models import EmailAddress
from django.http import HttpRequest

from accounts.models import User, Volunteer


def volunteer_of(request: HttpRequest, *, create: bool = False) -> Volunteer | None:
    """The volunteer behind a request, or None when there is none yet.

    ``create`` makes one (and lets the middleware set the cookie for an anonymous browser). Only requests
    that record something create; a crawler that reads pages leaves no rows.
    """
    if request.user.is_authenticated:
        found = Volunteer.objects.filter(user=request.user).first()
        return found or (Volunteer.objects.get_or_create(user=request.user)[0] if create else None)
    key: uuid.UUID | None = getattr(request, "volunteer_key", None)
    found = Volunteer.objects.filter(key=key).first() if key else None
    if found is not None and found.user_id is None:
        return found
    if not create:
        return None
    if key is None or found is not None:  # no cookie yet, or one of a person who has an account by now
        key = volunteer_remember(request, anew=True)
    return Volunteer.objects.get_or_create(key=key)[0]


def volunteer_remember(request: HttpRequest, *, anew: bool = False) -> uuid.UUID:
    """Make the browser carry a volunteer's key from now on (no row yet: that comes with the first answer).

    Pages where people classify call this, so that an answer whose reply was lost is sent again by the same person.
    """
    key: uuid.UUID | None = getattr(request, "volunteer_key", None)
    if key is None or anew:
        key = uuid.uuid4()
        request.volunteer_key = key  # type: ignore[attr-defined]
    return key


def account_export(user: User) -> dict[str, Any]:
    """What the site knows about an account, as plain data for its owner."""
    volunteer = Volunteer.objects.filter(user=user).first()
    addresses = EmailAddress.objects.filter(user=user).order_by("pk")
    events = user.events.order_by("pgh_id")  # type: ignore[attr-defined]
    return {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "role": user.role,
        "joined": user.date_joined,
        "last_sign_in": user.last_login,
        "email_addresses": [{"email": a.email, "verified": a.verified, "primary": a.primary} for a in addresses],
        "public_profile": user.public_profile,
        "language": user.language,
        "classifications_count": volunteer.classifications_count if volunteer else 0,
        "volunteer_since": volunteer.created_at if volunteer else None,
        "role_history": [{"at": one.pgh_created_at, "role": one.role, "active": one.is_active} for one in events],
    }
