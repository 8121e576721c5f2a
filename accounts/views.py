"""A person's own page: what the site knows, take it along, leave."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import selectors, services
from accounts.access import account_of, signed_in
from accounts.forms import LeaveForm


@signed_in
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """One's own page."""
    context = {
        "volunteer": selectors.volunteer_of(request),
        "addresses": EmailAddress.objects.filter(user=request.user).order_by("-primary", "pk"),
    }
    return render(request, "accounts/me.html", context)


@signed_in
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """All account data as a JSON file."""
    response = JsonResponse(selectors.account_export(account_of(request)), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="asteroid-hunter-account.json"'
    return response


@signed_in
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then remove the name for good."""
    form = LeaveForm(request.POST if request.method == "POST" else None, user=account_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.account_leave(user=account_of(request))
        except services.AccountRefused as refused:
            form.add_error(None, str(refused))
        else:
            logout(request)
            messages.success(request, _("Your account is deleted. Thank you for your help: your votes still count."))
            return redirect("home")
    return render(request, "accounts/delete.html", {"form": form}, status=422 if form.errors else 200)
