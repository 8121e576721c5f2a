"""`manage.py activate_model NAME VERSION`: let new scores come from this model."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ml.models import Model
from ml.runtime import ModelRefused
from ml.services import CardRefused, model_activate, shipped_model_ensure


class Command(BaseCommand):
    help = (
        "Let new scores come from a registered model; without a name, from the one that ships if none is active. "
        "Example: manage.py activate_model trailnet 3"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="", metavar="NAME", help="name of the model")
        parser.add_argument("model_version", nargs="?", default="", metavar="VERSION", help="version of the model")

    def handle(self, *args: Any, name: str, model_version: str, **options: Any) -> None:
        try:
            model = model_activate(model=_find(name, model_version)) if name else shipped_model_ensure()
        except (ModelRefused, CardRefused) as error:
            raise CommandError(f"{error} The active model was not changed.") from None
        self.stdout.write(f"{model} is active. Score what it has not seen: manage.py prescreen")


def _find(name: str, version: str) -> Model:
    found = Model.objects.filter(name=name, version=version).first()
    if found is None:
        known = ", ".join(str(model) for model in Model.objects.order_by("name", "version")[:20]) or "none"
        raise CommandError(f"There is no model {name} {version}. Registered: {known}.")
    return found
