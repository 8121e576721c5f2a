"""A whole site (`manage.py demo` on a folder of its own) and a real Chromium to use it with."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from hunter import embedded
from tests.environment import FOLDER

ROOT = Path(__file__).resolve().parents[2]
AXE = (Path(__file__).parent / "axe.min.js").read_text()
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EXPOSURES = 4
START_TIMEOUT_S = 240


@dataclass
class Site:
    """A running demo: its address, log-ins and data folder."""

    url: str
    data: Path
    process: subprocess.Popen[str] | None = None
    passwords: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Of its processes: nothing of the tests' own database, and no limits that a fast test would meet."""
        foreign = (
            "DATABASE_URL",
            "REDIS_URL",
            "HUNTER_TEST_DATA_DIR",
            "PYTEST_CURRENT_TEST",
            "DJANGO_ALLOW_ASYNC_UNSAFE",
        )
        environment = {name: value for name, value in os.environ.items() if name not in foreign}
        limits = {"THROTTLE_CLASSIFY": "100000/min", "THROTTLE_READ": "100000/min"}
        return environment | limits | {"DATA_DIR": str(self.data), "SITE_URL": self.url}

    def shell(self, code: str) -> Any:
        """Run Python in the running site, beside its web process; what it says with ``print``, read as JSON.

        It takes seconds to start: `sql` is at once.
        """
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", f"import json\n{code}"]
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, env=self.environment, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout or "null")

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Speak to the running site's database, beside its processes; the rows, where there are any."""
        place = embedded.database(self.data)
        with psycopg.connect(host=place["HOST"], user=place["USER"], dbname=place["NAME"]) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, also again on the same data, and wait until it is open."""
        port = self.url.rsplit(":", 1)[1]
        command = [sys.executable, "-u", "manage.py", "demo", "--port", port, "--exposures", str(EXPOSURES)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment
        )
        opened = threading.Event()
        threading.Thread(target=_read, args=(self, self.process, opened), daemon=True).start()
        if not opened.wait(START_TIMEOUT_S) or not self.passwords or self.process.poll() is not None:
            pytest.fail("the demo did not open:\n" + "".join(self.lines[-40:]))

    def stop(self) -> None:
        """Ctrl-C, as a person does."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def truth(self) -> list[dict[str, Any]]:
        """The simulated asteroid trails, brightest ridge first, each with its observation."""
        trails = []
        for path in sorted((self.data / "sample").glob("*.truth.json")):
            said = json.loads(path.read_text())
            for trail in said["trails"]:
                if trail["kind"] == "asteroid":
                    trails.append(trail | {"observation": said.get("dataset", path.name.split("_")[0])})
        return sorted(trails, key=lambda trail: -trail["ridge_snr"])


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The one site that most tests share."""
    with started_site() as made:
        yield made


def prepared() -> Path:
    """What the demo makes before it opens: made once in a run, by the first process that needs it."""
    made, folder = Site("", FOLDER / "demo.new"), FOLDER / "demo"
    with (FOLDER / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            command = [sys.executable, "manage.py", "demo", "--prepare-only", "--exposures", str(EXPOSURES)]
            subprocess.run(command, cwd=ROOT, env=made.environment, check=True, stdout=subprocess.DEVNULL)
            made.data.rename(folder)
    return folder


@contextmanager
def started_site() -> Iterator[Site]:
    """The demo as a person starts it for the second time, on a free port; stopped with Ctrl-C at the end."""
    data = Path(tempfile.mkdtemp(prefix="hunter-e2e-"))
    subprocess.run(["cp", "--archive", f"{prepared()}/.", data], check=True)  # PostgreSQL's user owns its part
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = Site(f"http://localhost:{port}", data)
    try:
        site.start()
        yield site
    finally:
        site.stop()
        shutil.rmtree(data, ignore_errors=True)


def _read(site: Site, process: subprocess.Popen[str], opened: threading.Event) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        site.lines.append(line)
        if found := re.match(r"\s+(volunteer|moderator|scientist|admin)\s+(\S+)\s+(\S+)\s*$", line):
            site.passwords[found[1]] = found[3]
        if "Ctrl-C stops the site" in line:
            opened.set()
    opened.set()  # it ended


class Person:
    """Somebody with a browser of their own. Any error in the console (also of the CSP) fails the test."""

    def __init__(
        self, browser: Browser, site: Site, *, width: int, height: int, scheme: str = "dark", workers: str = "block",
        newcomer: bool = False,
    ) -> None:  # fmt: skip
        self.site = site
        # A service worker's own requests pass by the routes with which tests take the network away.
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, base_url=site.url, accept_downloads=True,
            service_workers=workers,
        )  # fmt: skip
        if not newcomer:  # the tutorial opens by itself for those, and takes their keys
            self.context.add_init_script("localStorage.setItem('asteroid-hunter:tutorial:asteroid-trails', 'seen')")
        self.page: Page = self.context.new_page()
        self.console: list[str] = []
        self.page.on("console", lambda message: self.console.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))

    def sign_in(self, role: str) -> None:
        self.page.goto("/accounts/login/")
        self.page.get_by_label(re.compile("user ?name|e-mail|login", re.I)).first.fill(role)
        self.page.get_by_label("Password", exact=False).first.fill(self.site.passwords[role])
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(re.compile("/people/me/"))

    def check_page(self) -> None:
        """No axe violation, nothing wider than the window, no console error."""
        violations = self.page.evaluate(
            f"{AXE};(tags => axe.run(document, {{runOnly: {{type: 'tag', values: tags}}}}))({json.dumps(AXE_TAGS)})"
        )["violations"]
        assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in violations] == []
        width = self.page.viewport_size["width"]  # type: ignore[index]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        assert self.console == []


@pytest.fixture
def person(chromium: Browser, site: Site) -> Iterator[Any]:
    """Make people: `person()` at 1440 px, `person(width=390)` with a phone, `person(newcomer=True)` to be taught."""
    made: list[Person] = []

    def make(width: int = 1440, scheme: str = "dark", workers: str = "block", newcomer: bool = False) -> Person:
        height = 844 if width < 600 else 900
        how: dict[str, Any] = {"scheme": scheme, "workers": workers, "newcomer": newcomer}
        made.append(Person(chromium, site, width=width, height=height, **how))
        return made[-1]

    yield make
    for one in made:
        one.context.close()
