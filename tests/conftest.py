"""What all tests share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests of a folder share one browser and one site in one process; those of a module with a site of its
    own go by themselves. Without a browser, say so.
    """
    for item in items:
        folder = item.path.parent.name
        if folder in ("e2e", "js") and {"chromium", "page", "person"} & set(getattr(item, "fixturenames", ())):
            alone = hasattr(item.module, "site")  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.xdist_group(item.path.stem if alone else folder))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium found: install Debian's package chromium"))


@pytest.fixture(scope="session")
def chromium(playwright: Any) -> Iterator[Any]:
    """A real browser (the system's; Playwright never downloads one here)."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--disable-dev-shm-usage"])
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real Hubble images beside the checkout; a test that needs them is skipped where they are absent."""
    if not _SHARED.is_dir():
        pytest.skip("the real data folder is not here")
    return _SHARED


@pytest.fixture(autouse=True)
def _files_of_its_own(settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Files a test writes go with the test; pages need no collected static files."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a real one takes half a second
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def _quiet_cache() -> None:
    """Throttles of one test must not count in the next."""
    from django.core.cache import cache

    cache.clear()
