"""The one shape of an error of the REST interface."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler


def error_body(code: str, message: str, fields: dict[str, Any] | None, request: HttpRequest) -> dict[str, Any]:
    """The one shape of an error."""
    return {
        "error": {"code": code, "message": message, "fields": fields or {}},
        "request_id": getattr(request, "id", ""),
    }


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into the one error shape."""
    response = default_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    assert isinstance(error, exceptions.APIException)
    fields: dict[str, Any] = {}
    message = str(error.detail)
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        message = "; ".join(f"{name}: {' '.join(map(str, _flat(why)))}" for name, why in fields.items())
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "invalid"
    request = context["request"]
    response.data = error_body(code, message, fields, getattr(request, "_request", request))
    return response


def _flat(why: Any) -> list[Any]:
    if isinstance(why, dict):
        return [item for value in why.values() for item in _flat(value)]
    return list(why) if isinstance(why, (list, tuple)) else [why]
