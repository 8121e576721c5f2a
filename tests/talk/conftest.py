"""A subject to talk about, and people who talk."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.models import Role, User
from classify.models import Subject
from tests import factories

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # the limits of the first day are over


@pytest.fixture
def subject(db: None) -> Subject:
    return factories.subjects(1, factories.workflow())[0]


@pytest.fixture
def ann(db: None) -> User:
    return factories.user(username="ann", date_joined=LONG_AGO)


@pytest.fixture
def bob(db: None) -> User:
    return factories.user(username="bob", date_joined=LONG_AGO)


@pytest.fixture
def moderator(db: None) -> User:
    return factories.user(Role.MODERATOR, username="mod")
