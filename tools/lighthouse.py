"""Lighthouse (mobile) on the front page and the classifier: `make lighthouse`. Needs Node and Chromium.

Each page is measured three times. Performance is the median, as it varies with what else the machine does; of the other
categories the worst counts. Exits with 1 where a figure is under `LEAST`, and says which audits cost what.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LEAST = 95
RUNS = 3
PAGES = {"landing": "/", "classify": "/classify/"}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
FLAGS = "--headless=new --no-sandbox --disable-dev-shm-usage"
START_TIMEOUT_S, RUN_TIMEOUT_S = 600, 180
Report = dict[str, Any]


@contextmanager
def site() -> Iterator[str]:
    """The demo on a free port and in a folder of its own, or the running site that URL names."""
    if given := os.environ.get("URL"):
        yield given.rstrip("/")
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="lighthouse-") as data:
        command = [sys.executable, "-u", "manage.py", "demo", "--port", str(port), "--exposures", "4"]
        environment = os.environ | {"DATA_DIR": data}
        # The demo serves one machine and compresses nothing; here each file goes out as it does in production.
        for step in (
            ["manage.py", "collectstatic", "--no-input", "-v0"],
            ["-m", "whitenoise.compress", "-q", f"{data}/static"],
        ):
            subprocess.run([sys.executable, *step], cwd=ROOT, env=environment, check=True)
        demo = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, env=environment)
        try:
            wait_until_open(demo)
            yield f"http://localhost:{port}"
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=60)


def wait_until_open(demo: subprocess.Popen[str]) -> None:
    """Read what the demo says until it is open."""
    opened = threading.Event()

    def read() -> None:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "Ctrl-C stops the site" in line:
                opened.set()

    threading.Thread(target=read, daemon=True).start()
    if not opened.wait(START_TIMEOUT_S):
        raise SystemExit("The site did not open.")


def measure(program: Path, url: str) -> Report:
    """One report of a page, tried twice: Lighthouse now and then loses its browser."""
    command = [
        str(program), url, "--quiet", "--output=json", "--output-path=stdout", f"--chrome-flags={FLAGS}",
        f"--only-categories={','.join(CATEGORIES)}",
    ]  # fmt: skip
    environment = os.environ | {"CHROME_PATH": shutil.which("chromium") or os.environ.get("CHROME_PATH", "")}
    for last in (False, True):
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=RUN_TIMEOUT_S, check=False
        )
        report: Report = json.loads(done.stdout) if done.returncode == 0 else {}
        if report and all(report["categories"][name]["score"] is not None for name in CATEGORIES):
            return report
        if last:
            raise SystemExit(f"Lighthouse gave no figures for {url}:\n{done.stderr[-2000:]}")
    raise AssertionError("unreachable")


def scores(reports: list[Report]) -> dict[str, float]:
    """The figures of a page, 0 to 100."""
    found = {name: [100 * report["categories"][name]["score"] for report in reports] for name in CATEGORIES}
    return {name: statistics.median(values) if name == "performance" else min(values) for name, values in found.items()}


def costs(report: Report) -> Iterator[str]:
    """The audits that took something off a figure."""
    for name in CATEGORIES:
        for part in report["categories"][name]["auditRefs"]:
            audit = report["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 0.995:
                yield f"    {name}: {audit['id']} {audit['score']:.2f} {audit.get('displayValue', '')}".rstrip()


def main(program: Path) -> int:
    """Measure, print the table, and say whether all figures are high enough."""
    print("page        " + "  ".join(f"{name:>14}" for name in CATEGORIES) + f"   (performance: median of {RUNS})")
    low = False
    with site() as url:
        for name, path in PAGES.items():
            with urllib.request.urlopen(url + path, timeout=60) as answer:
                address = answer.url  # where it leads to
            reports = [measure(program, address) for _ in range(RUNS)]
            found = scores(reports)
            print(f"{name:<12}" + "  ".join(f"{found[one]:>14.0f}" for one in CATEGORIES), flush=True)
            print("\n".join(costs(reports[-1])))
            low = low or min(found.values()) < LEAST
    print(f"A figure is under {LEAST}." if low else f"All figures are at least {LEAST}.")
    return int(low)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
