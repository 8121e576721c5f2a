"""What all tests share: a real PostgreSQL and a real Redis of their own, gone when the run ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_shared = Path(__file__).resolve().parents[2] / "shared" / "data"
_folder = Path(os.environ.get("HUNTER_TEST_DATA_DIR", "") or tempfile.mkdtemp(prefix="hunter-test-"))


def pytest_configure(config: pytest.Config) -> None:
    """Before Django loads: the servers of this run (xdist's workers use their parent's)."""
    os.environ["HUNTER_TEST_DATA_DIR"] = str(_folder)
    os.environ["DATA_DIR"] = str(_folder)
    for name in ("DATABASE_URL", "REDIS_URL", "PRODUCTION", "DEBUG"):
        os.environ.pop(name, None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hunter.settings")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's sync interface runs a loop in the test's thread
    from hunter import servers

    servers.ensure()


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    from hunter import embedded

    embedded.leave(_folder)
    shutil.rmtree(_folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real Hubble images beside the checkout; a test that needs them is skipped where they are absent."""
    if not _shared.is_dir():
        pytest.skip("the real data folder is not here")
    return _shared


@pytest.fixture(autouse=True)
def _media_of_its_own(settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Files a test writes go with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
