"""The pages of models: which there are, how good they say they are, what they found here."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.models import Role
from ml import selectors, services
from ml.card import card_page
from ml.charts import histogram
from ml.models import Model
from ml.runtime import ModelRefused


@role_required(Role.SCIENTIST)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All models with their main figures."""
    rows = [(model, card_page(model.card)) for model in selectors.models_listed()]
    return render(request, "ml/index.html", {"rows": rows})


@role_required(Role.SCIENTIST)
@require_safe
def detail(request: HttpRequest, model_id: int) -> HttpResponse:
    """One model: its card, and the histogram of its scores in this installation."""
    model = get_object_or_404(Model, pk=model_id)
    chart = histogram(selectors.score_counts(model), model.threshold)
    return render(request, "ml/detail.html", {"model": model, "card": card_page(model.card), "chart": chart})


@role_required(Role.ADMIN)
@require_POST
def activate(request: HttpRequest, model_id: int) -> HttpResponse:
    """Let new scores come from this model."""
    model = get_object_or_404(Model, pk=model_id)
    try:
        services.model_activate(model=model)
    except ModelRefused as error:
        messages.error(request, _("%(reason)s The active model was not changed.") % {"reason": error})
    else:
        messages.success(
            request, _("%(model)s is active. Start a pre-screening to score what it has not seen.") % {"model": model}
        )
    return redirect("ml:detail", model.pk)


@role_required(Role.ADMIN)
@require_POST
def prescreen(request: HttpRequest) -> HttpResponse:
    """Score what is unscored, in the background."""
    try:
        job = services.prescreen_start(requested_by=request.user)  # type: ignore[arg-type]
    except (ModelRefused, services.CardRefused) as error:
        messages.error(request, str(error))
        return redirect("ml:index")
    return redirect("jobs:detail", job.pk)
