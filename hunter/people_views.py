"""A person's own page, their certificate, their public page; take the data along, leave."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import account_of, public, signed_in
from accounts.forms import LeaveForm
from accounts.models import Volunteer
from accounts.selectors import volunteer_of
from accounts.services import AccountRefused, public_profile_set
from classify.activity import activity_chart
from classify.teaching import favourites_of
from hunter import people
from hunter.certificates import LONGEST_NAME, certificate_for, certificate_of, certificate_token
from hunter.people_export import person_export
from hunter.people_services import person_leave


@public
@never_cache
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """One's own page; without an account, that of the browser."""
    volunteer = volunteer_of(request)
    page, answers = people.answers_of(volunteer, at=request.GET.get("at", ""))
    context = _numbers_context(volunteer) | {"page": page, "answers": answers}
    context["favourites"] = favourites_of(volunteer, limit=people.FAVOURITES) if volunteer else []
    if request.user.is_authenticated:
        context["addresses"] = EmailAddress.objects.filter(user=request.user).order_by("-primary", "pk")
    return render(request, "accounts/me.html", context)


@public
@require_GET
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """What a person lets everybody see; 404 when they do not."""
    user = people.profile_of(username)
    if user is None:
        raise Http404
    volunteer = Volunteer.objects.filter(user=user).first()
    return render(request, "accounts/profile.html", _numbers_context(volunteer) | {"person": user})


def _numbers_context(volunteer: Volunteer | None) -> dict[str, Any]:
    numbers = people.numbers_of(volunteer)
    weeks = people.weeks_of(numbers)
    return {
        "volunteer": volunteer,
        "numbers": numbers,
        "words": people.encouragement(numbers),
        "chart": activity_chart(*weeks) if weeks else None,
        "discoveries": people.discoveries_of(volunteer),
    }


@signed_in
@require_POST
def public_profile(request: HttpRequest) -> HttpResponse:
    """Switch the public page on or off."""
    on = request.POST.get("public") == "on"
    public_profile_set(user=account_of(request), on=on)
    said = _("Everybody can see your public page now.") if on else _("Your public page is switched off.")
    messages.success(request, said)
    return redirect("accounts:me")


@public
@never_cache
@require_GET
def certificate(request: HttpRequest) -> HttpResponse:
    """A certificate to print; the name on it is chosen here and stored nowhere."""
    volunteer = volunteer_of(request)
    name = request.GET.get("name", str(request.user) if request.user.is_authenticated else "")
    numbers, found = people.numbers_of(volunteer), people.discoveries_of(volunteer)
    made = certificate_for(volunteer, numbers, found.count, name) if volunteer else None
    link = reverse("certificate", args=[certificate_token(made, volunteer)]) if made and volunteer else ""
    context = {"certificate": made, "link": request.build_absolute_uri(link), "longest": LONGEST_NAME}
    return render(request, "accounts/certificate.html", context)


@public
@require_GET
def certificate_check(request: HttpRequest, token: str) -> HttpResponse:
    """A certificate as this site signed it, for whoever was given its address."""
    found = certificate_of(token)
    if found is None:
        raise Http404
    return render(request, "accounts/certificate_check.html", {"certificate": found})


@signed_in
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """All that is kept about the person, as a JSON file."""
    response = StreamingHttpResponse(person_export(account_of(request)), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="asteroid-hunter-account.json"'
    return response


@signed_in
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then remove the name for good."""
    form = LeaveForm(request.POST if request.method == "POST" else None, user=account_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            person_leave(user=account_of(request))
        except AccountRefused as refused:
            form.add_error(None, str(refused))
        else:
            logout(request)
            messages.success(request, _("Your account is deleted. Thank you for your help: your votes still count."))
            return redirect("home")
    return render(request, "accounts/delete.html", {"form": form}, status=422 if form.errors else 200)
