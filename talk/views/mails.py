"""E-mails: which ones a person gets, ending them without signing in, and what was sent."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import account_of, public, role_required, signed_in
from accounts.models import Role
from talk import unsubscribing
from talk.mail_choices import digests_of, mail_choices_set
from talk.mailing import may_be_mailed
from talk.models import Category, Digest, Mail
from talk.selectors import Page
from talk.views.paging import number_of

MAILS_PER_PAGE = 50
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


@signed_in
@require_http_methods(["GET", "POST"])
def mail_choices(request: HttpRequest) -> HttpResponse:
    """When one gets e-mails, for each category."""
    person = account_of(request)
    if request.method == "POST":
        given = {str(name): request.POST.get(name, "") for name in Category.values}
        mail_choices_set(
            person=person,
            digests={name: Digest(value) for name, value in given.items() if value in Digest.values},
        )
        messages.success(request, _("Your choice of e-mails is saved."))
        return redirect("talk:mail_choices")
    chosen = digests_of(person)
    shown = [one for one in Category if one != Category.REPORT or person.is_moderator]
    context = {
        "choices": [(category, chosen[category]) for category in shown],
        "digests": list(Digest),
        "reachable": may_be_mailed(person),
    }
    return render(request, "talk/mail_choices.html", context)


@csrf_exempt  # RFC 8058: mail programs post it with one click; the token is what lets them
@public
@never_cache
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, then end the e-mails that the token names. Nobody needs to sign in; a GET ends nothing."""
    found = unsubscribing.token_read(token)
    if found is None:
        return render(request, "talk/unsubscribe.html", {"old": True}, status=410)
    person, categories = found
    if request.method == "POST":
        unsubscribing.unsubscribe(person=person, categories=categories)
    context = {"done": request.method == "POST", "name": person.username, "categories": categories}
    return render(request, "talk/unsubscribe.html", context)


@role_required(Role.ADMIN)
@require_GET
def mails(request: HttpRequest) -> HttpResponse:
    """The e-mails of the last month, the newest first."""
    before = number_of(request, "before")
    rows = Mail.objects.select_related("person").defer("text", "html").order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before is not None else rows)[: MAILS_PER_PAGE + 1])
    after = str(found[MAILS_PER_PAGE - 1].pk) if len(found) > MAILS_PER_PAGE else None
    return render(request, "talk/mails.html", {"page": Page(found[:MAILS_PER_PAGE], after=after)})


@role_required(Role.ADMIN)
@require_GET
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    """One e-mail, as text."""
    return render(request, "talk/mail.html", {"mail": get_object_or_404(Mail.objects.select_related("person"), pk=pk)})


@role_required(Role.ADMIN)
@require_GET
def mail_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The same as a mail program shows it: in a sandbox, where nothing runs and nothing is loaded."""
    return HttpResponse(get_object_or_404(Mail, pk=pk).html, headers={"Content-Security-Policy": SANDBOX})
