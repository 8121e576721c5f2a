"""What all tests share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


LONGEST_FIRST = ("e2e", "search", "training", "test_loop", "test_classifier", "test_setup", "shipped")


@pytest.hookimpl(wrapper=True)  # before xdist reads the groups, and after pytest-django's order within them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Browser tests of a folder share one browser and one site in one process; those of a module with a site of its
    own go by themselves. Without a browser, say so. Long groups start first, single tests fill up what is left.
    """
    for item in items:
        folder = item.path.parent.name
        if folder in ("e2e", "js") and {"chromium", "page", "person"} & set(getattr(item, "fixturenames", ())):
            alone = hasattr(item.module, "site")  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.xdist_group(item.path.stem if alone else folder))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium found: install Debian's package chromium"))
    yield
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    group = item.get_closest_marker("xdist_group")
    if group is None:
        return len(LONGEST_FIRST) + 1
    return LONGEST_FIRST.index(group.args[0]) if group.args[0] in LONGEST_FIRST else len(LONGEST_FIRST)


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


_sound: set[bytes] = set()


@pytest.fixture(autouse=True)
def _models_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that ran in a process of its own is not tried there again by every test that registers it."""
    from ml import services

    def probe(content: bytes, tried: Callable[[bytes], None] = services.probe_apart) -> None:
        if content not in _sound:
            tried(content)
            _sound.add(content)

    monkeypatch.setattr(services, "probe_apart", probe)


@pytest.fixture(autouse=True)
def _quiet_cache() -> None:
    """Throttles of one test must not count in the next."""
    from django.core.cache import cache

    cache.clear()
