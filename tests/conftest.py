"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


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
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def _quiet_cache() -> None:
    """Throttles of one test must not count in the next."""
    from django.core.cache import cache

    cache.clear()
