"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The place: production or not (the demo says that it is one)."""
    return {"production": settings.PRODUCTION, "request_id": getattr(request, "id", "")}
