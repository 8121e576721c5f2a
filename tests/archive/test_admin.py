"""Rows that the system writes can be looked at in Django's admin, and nothing more."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import Role, User
from accounts.readonly_admin import ReadOnlyAdmin, ReadOnlyInline
from archive.models import Observation

SHOWN = [model for model in admin.site._registry if model._meta.app_label in ("archive", "jobs", "ml")]


@pytest.fixture
def admin_client(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ada", role=Role.ADMIN))
    return client


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model._meta.label)
def test_rows_are_shown_and_none_can_be_added(admin_client: Client, model: type) -> None:
    assert isinstance(admin.site._registry[model], ReadOnlyAdmin)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert admin_client.get(reverse(f"{name}_changelist")).status_code == 200
    assert admin_client.get(reverse(f"{name}_add")).status_code == 403


def test_a_row_can_be_neither_changed_nor_deleted(admin_client: Client) -> None:
    row = Observation.objects.create(name="o1", instrument="ACS")
    page = reverse("admin:archive_observation_change", args=[row.pk])
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {"name": "other", "instrument": "WFC3"}).status_code == 403
    assert admin_client.post(reverse("admin:archive_observation_delete", args=[row.pk])).status_code == 403
    row.refresh_from_db()
    assert row.name == "o1"


def test_rows_beside_another_row_are_the_same() -> None:
    class Beside(ReadOnlyInline):
        model = Observation

    inline = Beside(Observation, admin.site)
    request = RequestFactory().get("/")
    assert not inline.has_add_permission(request, None)
    assert not inline.has_change_permission(request) and not inline.has_delete_permission(request)
