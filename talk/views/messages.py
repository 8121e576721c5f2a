"""Private messages: what one wrote with whom."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import account_of, signed_in
from accounts.models import User
from talk import messaging
from talk.blocking import is_blocked
from talk.errors import Refused
from talk.forms import ReportForm
from talk.mentions import mention_links_of
from talk.message_forms import MessageForm
from talk.moderation import report_make
from talk.views.paging import number_of


@signed_in
@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """One's conversations, the liveliest first; and a box to write to somebody by name."""
    name = request.GET.get("to", "").strip().removeprefix("@")
    if name:
        person = messaging.person_to_write_to(account_of(request), name)
        if person is not None:
            return redirect("talk:conversation", username=person.username)
        flash.error(request, _("There is nobody else with this name."))
    page = messaging.conversations_of(account_of(request), before=number_of(request, "before"))
    return render(request, "talk/messages.html", {"page": page, "name": name})


@signed_in
@require_http_methods(["GET", "POST"])
def conversation(request: HttpRequest, username: str) -> HttpResponse:
    """What two people wrote to each other; write on. What was typed comes back when it is refused."""
    person, other = account_of(request), _other(request, username)
    form = MessageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            sent = messaging.message_send(
                author=person, to=other, body=form.cleaned_data["body"], key=form.cleaned_data["key"]
            )
        except Refused as refusal:
            form.add_error("body", refusal.message)
        else:
            return redirect(f"{reverse('talk:conversation', args=[other.username])}#message-{sent.pk}")
    return _conversation_page(request, other, form)


@signed_in
@require_http_methods(["GET", "POST"])
def message_report(request: HttpRequest, username: str) -> HttpResponse:
    """Show moderators one message of the other person, with the reason."""
    person, other = account_of(request), _other(request, username)
    given = (request.POST if request.method == "POST" else request.GET).get("message", "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else 0
    message = messaging.message_in(person, number)
    if message is None or message.author_id != other.pk:
        return redirect("talk:conversation", username=other.username)
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            report_make(by=person, message=message, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            flash.success(request, _("Thank you. The moderators will look at this message."))
            return redirect("talk:conversation", username=other.username)
    context = {"message": message, "links": mention_links_of(message.body), "other": other, "form": form}
    return render(request, "talk/message_report.html", context, status=422 if form.errors else 200)


def _conversation_page(request: HttpRequest, other: User, form: MessageForm) -> HttpResponse:
    person = account_of(request)
    found = messaging.conversation_between(person, other)
    page = messaging.messages_of(found, before=number_of(request, "before"))
    if found is not None and page.rows:
        messaging.conversation_read(person=person, conversation=found, up_to=page.rows[-1].pk)
    context: dict[str, Any] = {
        "other": other,
        "page": page,
        "links": mention_links_of(*[message.body for message in page.rows]),
        "form": form,
        "blocked": is_blocked(by=person, person=other),
    }
    return render(request, "talk/conversation.html", context, status=422 if form.errors else 200)


def _other(request: HttpRequest, username: str) -> User:
    person = messaging.person_to_write_to(account_of(request), username)
    if person is None:
        raise Http404
    return person
