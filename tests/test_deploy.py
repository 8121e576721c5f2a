"""What production relies on: settings that pass Django's own check, compose files that fit together, CSP."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PRODUCTION = {
    "PRODUCTION": "1",
    "SECRET_KEY": "k9" * 30 + "!unusual-and-long",
    "ALLOWED_HOSTS": "hunter.example.org",
    "EMAIL_URL": "smtp://mail.example.org:25",
}


NOT_THERE = ("PRODUCTION", "SECRET_KEY", "DEBUG", "DJANGO_ALLOW_ASYNC_UNSAFE")


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in NOT_THERE}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=clean | environment, check=False)


def test_it_passes_djangos_deployment_check():
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "EMAIL_URL"])
def test_production_refuses_to_start_without(missing):
    environment = {name: value for name, value in PRODUCTION.items() if name != missing}
    done = manage("check", **environment)
    assert done.returncode != 0
    assert missing in done.stderr


def test_production_refuses_debug_and_the_demo():
    assert "DEBUG" in manage("check", **PRODUCTION, DEBUG="1").stderr
    refused = manage("demo", "--prepare-only", **PRODUCTION)
    assert refused.returncode != 0
    assert "published passwords" in refused.stderr


def test_the_compose_file_fits_together():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = compose["services"]
    assert {"web", "worker", "jobs", "beat", "postgres", "redis", "proxy"} <= set(services)
    for name, service in services.items():
        assert "image" in service or "build" in service, name
        for needed in service.get("depends_on", {}):
            assert needed in services, f"{name} depends on {needed}"
        for volume in service.get("volumes", []):
            source = volume.split(":", 1)[0]
            assert source in compose["volumes"] or (ROOT / source).exists(), volume
    queues = {service["command"][5] for name, service in services.items() if name in ("worker", "jobs")}
    assert queues == {"celery", "jobs"}
    assert set(services["postgres"]["healthcheck"]) >= {"test", "interval"}


def test_the_docker_image_installs_what_the_lock_names():
    text = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r base.lock" in text
    assert "USER hunter" in text


def test_lock_files_carry_hashes_and_no_addresses():
    locks = list((ROOT / "requirements").glob("*.lock"))
    assert len(locks) >= 2
    for lock in locks:
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "http" not in text


def test_the_content_security_policy_is_strict(client, db):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
