"""The pages of the loop: where people and a model disagree, training anew, holding two models together."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import account_of, role_required
from accounts.models import Role
from ml import feedback, learning, selectors, services
from ml.card import CardPage, card_page
from ml.comparison import comparison
from ml.forms import CompareForm, TrainForm
from ml.models import Model


@role_required(Role.SCIENTIST)
@require_safe
def disagreements(request: HttpRequest, model_id: int) -> HttpResponse:
    """All cutouts on which people and a model disagree, the most surprising first."""
    model = get_object_or_404(Model, pk=model_id)
    kind = feedback.FALSE if request.GET.get("kind") == feedback.FALSE else feedback.MISSED
    page = feedback.disagreement_page(model, kind, request.GET.get("at", ""))
    return render(request, "ml/disagreements.html", {"model": model, "kind": kind, "page": page})


@role_required(Role.SCIENTIST)
@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """What is being trained and scored now; fetched anew while anything is. Its end brings the page up to date."""
    jobs = selectors.work_open()
    response = render(request, "ml/_work.html", {"work": jobs})
    if not jobs and request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"
    return response


@role_required(Role.SCIENTIST)
@require_POST
def train(request: HttpRequest) -> HttpResponse:
    """Ask for a training."""
    if absent := learning.missing():
        words = {"names": ", ".join(absent), "command": learning.HOW_TO_INSTALL}
        messages.error(request, _("Training needs %(names)s: %(command)s. Nothing was started.") % words)
        return redirect("ml:index")
    form = TrainForm(request.POST)
    if not form.is_valid():
        said = "; ".join(
            f"{form.fields[name].label}: {' '.join(map(str, problems))}" for name, problems in form.errors.items()
        )
        messages.error(request, _("%(problem)s Nothing was started.") % {"problem": said})
        return redirect("ml:index")
    learning.train_start(**form.cleaned_data, requested_by=account_of(request))
    messages.success(request, _("The training is queued. The model that comes out rests until somebody activates it."))
    return redirect("ml:index")


@role_required(Role.SCIENTIST)
@require_POST
def score(request: HttpRequest, model_id: int) -> HttpResponse:
    """Let a resting model score everything, to see how it would do."""
    model = get_object_or_404(Model, pk=model_id)
    services.model_score(model=model, requested_by=account_of(request))
    messages.success(request, _("%(model)s scores in the background; its scores do not count yet.") % {"model": model})
    return redirect("ml:detail", model.pk)


@role_required(Role.SCIENTIST)
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two models on the same cutouts, against people's labels, and their cards side by side."""
    form = CompareForm(request.GET or None)
    if not form.is_valid():
        return render(request, "ml/compare.html", {"form": form}, status=422 if form.is_bound else 200)
    models = [form.cleaned_data["first"], form.cleaned_data["second"]]
    pages = [card_page(model.card) for model in models]
    context = {"form": form, "models": models, "found": comparison(*models), "cards": _side_by_side(pages)}
    return render(request, "ml/compare.html", context)


def _side_by_side(pages: list[CardPage]) -> list[tuple[str, list[str]]]:
    """The cards' figures by name, each with the value of every card, or a dash."""
    found = [dict(page.figures) for page in pages]
    names = dict.fromkeys(name for figures in found for name in figures)
    return [(name, [figures.get(name, "–") for figures in found]) for name in names]
