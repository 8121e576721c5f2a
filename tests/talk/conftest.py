"""A subject to talk about, and people who talk."""

from __future__ import annotations

import pytest

from accounts.models import Role, User
from classify.models import Subject
from tests import factories


@pytest.fixture
def subject(db: None) -> Subject:
    return factories.subjects(1, factories.workflow())[0]


@pytest.fixture
def ann(db: None) -> User:
    return factories.user(username="ann")


@pytest.fixture
def bob(db: None) -> User:
    return factories.user(username="bob")


@pytest.fixture
def moderator(db: None) -> User:
    return factories.user(Role.MODERATOR, username="mod")
