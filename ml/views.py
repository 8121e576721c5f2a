"""The pages of models: which there are, how good they say they are, what they found here; which one works."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import account_of, role_required
from accounts.models import Role
from ml import feedback, selectors, services
from ml.advice import advice
from ml.card import card_page
from ml.card_charts import card_charts
from ml.charts import histogram
from ml.contract import MAX_FILE_BYTES
from ml.forms import CompareForm, RegisterForm, TrainForm, WhyForm
from ml.learning import HOW_TO_INSTALL, missing
from ml.models import Model
from ml.runtime import ModelRefused
from ml.services import MAX_CARD_BYTES, CardRefused
from ml.spread import score_counts

FORM_BYTES = 64 * 1024  # what a form may weigh beside its files
SHOWN_OF_EACH = 6


@role_required(Role.SCIENTIST)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All models with their main figures, which one worked when, and the way to a better one."""
    models = selectors.models_listed()
    context = {
        "rows": [(model, card_page(model.card)) for model in models],
        "history": selectors.activations(),
        "roll_back_to": selectors.roll_back_target(),
        "why_form": WhyForm(),
        "compare_form": CompareForm(initial=dict(zip(("first", "second"), models, strict=False))),
        "train_form": TrainForm(),
        "missing": missing(),
        "how_to_install": HOW_TO_INSTALL,
        "trainings": selectors.trainings(),
        "work": selectors.work_open(),
    }
    return render(request, "ml/index.html", context)


@role_required(Role.SCIENTIST)
@require_safe
def detail(request: HttpRequest, model_id: int) -> HttpResponse:
    """One model: its card and charts, its scores here, where people disagree with it, whether to train anew."""
    model = get_object_or_404(Model, pk=model_id)
    counts, evidence = score_counts(model), feedback.evidence(model)
    kinds = (feedback.MISSED, feedback.FALSE) if evidence.disagreements else ()
    context = {
        "model": model,
        "card": card_page(model.card),
        "charts": card_charts(model.card),
        "chart": histogram(counts, model.threshold),
        "advice": advice(evidence, counts.before, counts.since) if counts.total else None,
        "evidence": evidence,
        "disagreements": [
            (kind, feedback.disagreement_page(model, kind, size=SHOWN_OF_EACH).rows) for kind in kinds
        ],
        "active": selectors.model_active(),
        "roll_back_to": selectors.roll_back_target() if model.active else None,
        "why_form": WhyForm(),
        "work": selectors.work_open(),
    }  # fmt: skip
    return render(request, "ml/detail.html", context)


@role_required(Role.ADMIN)
@require_POST
def activate(request: HttpRequest, model_id: int) -> HttpResponse:
    """Let this model's scores count from now on."""
    model = get_object_or_404(Model, pk=model_id)
    try:
        services.model_activate(model=model, by=account_of(request), why=_why(request))
    except ModelRefused as error:
        messages.error(request, _("%(reason)s The active model was not changed.") % {"reason": error})
    else:
        said = _("%(model)s is active. What it has not seen yet is being scored.")
        messages.success(request, said % {"model": model})
    return redirect("ml:detail", model.pk)


def _why(request: HttpRequest) -> str:
    form = WhyForm(request.POST)
    return str(form.cleaned_data["why"]) if form.is_valid() else ""


@role_required(Role.ADMIN)
@require_POST
def roll_back(request: HttpRequest) -> HttpResponse:
    """Put the model to work again that the active one replaced."""
    try:
        model = services.model_roll_back(by=account_of(request), why=_why(request))
    except ModelRefused as error:
        messages.error(request, _("%(reason)s The active model was not changed.") % {"reason": error})
        return redirect("ml:index")
    messages.success(request, _("%(model)s is active again, with the scores it gave before.") % {"model": model})
    return redirect("ml:detail", model.pk)


@role_required(Role.ADMIN)
@require_POST
def prescreen(request: HttpRequest) -> HttpResponse:
    """Score what is unscored, in the background."""
    try:
        job = services.prescreen_start(requested_by=account_of(request))
    except (ModelRefused, CardRefused) as error:
        messages.error(request, str(error))
        return redirect("ml:index")
    return redirect("jobs:detail", job.pk)


# The token is checked inside: Django would read the whole upload for it before this view could refuse its size.
@role_required(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt
def register(request: HttpRequest) -> HttpResponse:
    """Take a model into the registry."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    limit = MAX_FILE_BYTES + MAX_CARD_BYTES + FORM_BYTES
    if request.method == "POST" and (not announced.isdigit() or int(announced) > limit):
        problem = _("The files are too large: a model has at most %(mb)d MB, a card %(kb)d KiB. Nothing was changed.")
        sizes = {"mb": MAX_FILE_BYTES // 1024**2, "kb": MAX_CARD_BYTES // 1024}
        return _register_page(request, RegisterForm(), problem=problem % sizes, status=413)
    return _register(request)


@csrf_protect
def _register(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _register_page(request, RegisterForm())
    form = RegisterForm(request.POST, request.FILES)
    if not form.is_valid():
        return _register_page(request, form, status=422)
    given = form.cleaned_data
    try:
        model = services.model_register_upload(
            file=given["file"], name=given["file"].name, card=given["card"].read(MAX_CARD_BYTES + 1),
            sha256=given["sha256"],
        )  # fmt: skip
    except (ModelRefused, CardRefused) as error:
        problem = _("%(reason)s Nothing was changed.") % {"reason": error}
        return _register_page(request, form, problem=problem, status=422)
    messages.success(request, _("%(model)s is registered. It rests until somebody activates it.") % {"model": model})
    return redirect("ml:detail", model.pk)


def _register_page(request: HttpRequest, form: RegisterForm, *, problem: str = "", status: int = 200) -> HttpResponse:
    return render(request, "ml/register.html", {"form": form, "problem": problem}, status=status)
