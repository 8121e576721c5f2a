"""`manage.py demo`: a working site with simulated observations, from nothing."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services import demo_users_ensure
from archive.hubble import hubble_file_take
from classify.models import Workflow
from classify.publish import workflow_ensure
from classify.starter import starter_content_ensure
from hunter import embedded
from hunter.processes import ProcessGroup
from ml.services import shipped_model_ensure
from sky.simulate.output import OBSERVER
from talk.starter import boards_ensure

SAMPLE_SEED = 20190630  # the day the original project opened
TRAINING_IMAGES = 24
LAST_LEAVE_S = 15.0
START_TIMEOUT_S = 90


class Command(BaseCommand):
    help = (
        "Start a working site with simulated sample observations. Ctrl-C stops everything it started; "
        "a second start keeps the data. Example: manage.py demo --port 8000"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="where the site listens (on this machine only)")
        parser.add_argument("--exposures", type=int, help="simulate only so many exposures (14 unless told)")
        parser.add_argument("--prepare-only", action="store_true", help="prepare the data and stop before serving")

    def handle(self, *args: Any, **options: Any) -> None:
        port: int = options["port"]
        if settings.PRODUCTION:
            raise CommandError("The demo has published passwords: it does not run with PRODUCTION set.")
        if not options["prepare_only"]:
            _check_free(port)
        self._say("Preparing the database")
        call_command("migrate", verbosity=0, interactive=False)
        self._say("Collecting static files")
        call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=["redoc"])
        self._sample(options["exposures"])
        users = demo_users_ensure()
        if options["prepare_only"]:
            return
        self._serve(port, users)

    def _say(self, text: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"· {text}"))

    def _sample(self, exposures: int | None) -> None:
        """Simulated observations through the same door as real ones. Each step does only what is left to do."""
        folder = Path(settings.DATA_DIR) / "sample"
        if not (folder / "complete").exists():
            self._say("Simulating sample observations")
            call_command(
                "simulate", str(folder), seed=SAMPLE_SEED, count=exposures, stdout=self.stdout, stderr=self.stderr
            )
            (folder / "complete").touch()
        hubble_file_take(folder / OBSERVER)
        first_time = not Workflow.objects.exists()
        workflow, _ = workflow_ensure()
        if first_time:
            # One answer decides here, so that one person can see the whole journey; three tiles in ten hold a trail.
            rule = {"min_votes": 1, "max_votes": 1, "prevalence_yes": 0.3}
            Workflow.objects.filter(pk=workflow.pk).update(**rule)
            starter_content_ensure(workflow=workflow)
            boards_ensure()
        self._say("Ingesting")
        call_command("ingest", str(folder), stdout=self.stdout, stderr=self.stderr)
        self._say("Pre-screening with the model")
        shipped_model_ensure()
        call_command("prescreen", stdout=self.stdout, stderr=self.stderr)
        self._say("Publishing subjects")
        call_command("publish", stdout=self.stdout, stderr=self.stderr)
        self._say("Making training images")
        call_command("training_set", count=TRAINING_IMAGES, stdout=self.stdout, stderr=self.stderr)

    def _serve(self, port: int, users: list[tuple[str, str, str]]) -> None:
        stop = threading.Event()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
        group = ProcessGroup(self._write_line)
        try:
            here = {"LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"), "SITE_URL": f"http://localhost:{port}"}
            for name, command in _commands(port).items():
                group.start(name, command, here)
            self._wait_until_it_answers(port, group, stop)
            if not stop.is_set():
                self._welcome(port, users)
            while not stop.wait(0.5):
                if (ended := group.ended()) is not None:
                    raise CommandError(f"The process “{ended}” ended; its last lines are above. Everything is stopped.")
        finally:
            self._say("Stopping")
            group.stop()
            # Children of what was stopped hold the servers a moment longer; whoever leaves last has to stop them.
            embedded.leave(Path(settings.DATA_DIR), wait_s=LAST_LEAVE_S)

    def _write_line(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _wait_until_it_answers(self, port: int, group: ProcessGroup, stop: threading.Event) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not stop.wait(0.2):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/health/", headers={"Host": f"localhost:{port}"})
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            if (name := group.ended()) is not None:
                raise CommandError(f"The process “{name}” ended at once; its last lines are above.")
            if time.monotonic() > deadline:
                raise CommandError(f"The site did not answer within {START_TIMEOUT_S} s; the lines above may say why.")

    def _welcome(self, port: int, users: list[tuple[str, str, str]]) -> None:
        lines = ["", self.style.SUCCESS(f"Asteroid Hunter is open: http://localhost:{port}/"), ""]
        lines += ["Classify without an account, or sign in:"]
        lines += [f"  {role:<10} {name:<10} {password}" for role, name, password in users]
        lines += ["", "The observations are simulated. One answer retires a subject here, so that you can see the"]
        lines += ["whole journey alone: classify, then validate as scientist, then export as admin."]
        lines += [f"Everything is kept in {settings.DATA_DIR}. Ctrl-C stops the site.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _commands(port: int) -> dict[str, list[str]]:
    """The processes of a site: the web server, a worker for quick tasks, one for long jobs, the scheduler."""
    celery = [sys.executable, "-m", "celery", "--quiet", "--app", "hunter"]
    quiet = ["--loglevel", "WARNING"]
    return {
        "web": [
            sys.executable, "-m", "gunicorn", "hunter.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2",
            "--threads", "4", "--keep-alive", "75", "--preload", "--log-level", "warning", "--no-control-socket",
        ],
        "worker": [*celery, "worker", "--queues", "celery", "--concurrency", "1", "--hostname", "quick@%h", *quiet],
        "jobs": [*celery, "worker", "--queues", "jobs", "--concurrency", "2", "--hostname", "jobs@%h", *quiet],
        "beat": [*celery, "beat", *quiet, "--pidfile", ""],
    }  # fmt: skip


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise CommandError(f"Port {port} is not free. Choose another one: make demo PORT=8001") from None
