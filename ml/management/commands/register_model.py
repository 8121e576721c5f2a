"""`manage.py register_model FILE --card CARD`: take a model into the registry."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ml.runtime import ModelRefused
from ml.services import CardRefused, card_read, model_register


class Command(BaseCommand):
    help = (
        "Check an ONNX file and its card and pin its hash. It is not used before it is activated. "
        "Example: manage.py register_model deeper-1.onnx --card deeper-1.json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="the ONNX file")
        parser.add_argument("--card", type=Path, default=None, help="its card (FILE with .json instead of .onnx)")

    def handle(self, *args: Any, file: Path, card: Path | None, **options: Any) -> None:
        try:
            model = model_register(path=file, card=card_read(card or file.with_suffix(".json")))
        except (ModelRefused, CardRefused) as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        self.stdout.write(
            f"{model} is registered. Put it to work: manage.py activate_model {model.name} {model.version}"
        )
