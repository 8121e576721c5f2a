"""People block people."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import account_of, signed_in
from accounts.models import User
from talk import blocking
from talk.errors import Refused

MOST_SHOWN = 500


@signed_in
@require_http_methods(["GET", "POST"])
def blocks(request: HttpRequest) -> HttpResponse:
    """Whom one blocked; block somebody by name, or hear of them again (``act=unblock``)."""
    by = account_of(request)
    name = request.POST.get("name", "").replace("\x00", "").strip().removeprefix("@")
    refusal = ""
    if request.method == "POST":
        person = User.objects.filter(username__iexact=name, left_at=None).first()
        if person is None:
            refusal = _("There is nobody with this name.")
        elif request.POST.get("act") == "unblock":
            blocking.person_unblock(by=by, person=person)
            messages.success(request, _("You hear of %(name)s again.") % {"name": person.username})
            return redirect("talk:blocks")
        else:
            try:
                blocking.person_block(by=by, person=person)
            except Refused as refused:
                refusal = refused.message
            else:
                messages.success(request, _("You hear nothing of %(name)s any more.") % {"name": person.username})
                return redirect("talk:blocks")
    context = {
        "blocks": blocking.blocks_of(by)[:MOST_SHOWN],
        "refusal": refusal,
        "name": name or request.GET.get("name", ""),
    }
    return render(request, "talk/blocks.html", context, status=422 if refusal else 200)
