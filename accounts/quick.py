"""REST views that are asked with every answer of a volunteer: the framework's answers at a fraction of its cost."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.authentication import CSRFCheck
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.utils import json
from rest_framework.views import APIView

Asked = Request | HttpRequest
_csrf = CSRFCheck(lambda request: HttpResponse())
_encode = DjangoJSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def json_answer(body: Any, *, status: int = 200) -> HttpResponse:
    """As the framework's answers, without what the answer of a template needs."""
    return HttpResponse(_encode(body), status=status, content_type="application/json")


def plain(request: Asked) -> HttpRequest:
    """Django's request, whichever of the two it is."""
    return request._request if isinstance(request, Request) else request


def _json_body(request: HttpRequest) -> Any:
    """What was sent.

    Raises
    ------
    ParseError
        It is no JSON, nested too deeply, or too large.
    """
    try:
        return json.loads(request.body.decode())
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from None
    except RecursionError:
        raise ParseError("The JSON is nested too deeply.") from None
    except RequestDataTooBig:
        raise ParseError("The JSON is too large.") from None


class QuickView(APIView):
    """A view whose ``get`` and ``post`` get Django's own request, with the JSON that was sent as ``data``.

    Who asks, whether they may, limits, errors: in the framework's order and by the same classes. Everything unusual
    (other methods, other kinds of body, no permission, no CSRF token) goes the framework's own way, and then the
    method gets the framework's request. Such a view takes JSON, answers with `json_answer` and changes no session.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self._is_usual(request):
            return super().dispatch(request, *args, **kwargs)
        try:
            self.check_throttles(request)  # type: ignore[arg-type]
            if request.method == "POST":
                request.data = _json_body(request)  # type: ignore[attr-defined]
                response = self.post(request, *args, **kwargs)  # type: ignore[attr-defined]
            else:
                response = self.get(request, *args, **kwargs)  # type: ignore[attr-defined]
        except Exception as error:
            response = self._refusal(error, request)
        response.headers["Allow"] = ", ".join(self.allowed_methods)
        return response

    def _is_usual(self, request: HttpRequest) -> bool:
        if request.method == "POST":
            length = request.META.get("CONTENT_LENGTH") or "0"
            if request.content_type != "application/json" or length == "0" or not hasattr(self, "post"):
                return False
            if _csrf.process_view(request, self.dispatch, (), {}) is not None:
                return False
        elif request.method != "GET" or not hasattr(self, "get"):
            return False
        return all(one.has_permission(request, self) for one in self.get_permissions())  # type: ignore[arg-type]

    def _refusal(self, error: Exception, request: HttpRequest) -> HttpResponse:
        """The one error shape, by the framework's handler; what that does not know is raised."""
        known = self.get_exception_handler()(error, {"view": self, "request": request})
        if known is None:
            raise error
        response = json_answer(known.data, status=known.status_code)
        if "Retry-After" in known.headers:
            response.headers["Retry-After"] = known.headers["Retry-After"]
        return response
