"""Rows in Django's admin that people look at and the system writes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class _LookOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(_LookOnly, admin.ModelAdmin):
    """A list of rows and the page of each, to look at."""

    show_full_result_count = False  # counting all rows of a large table takes seconds


class ReadOnlyInline(_LookOnly, admin.TabularInline):
    """Rows beside another one, to look at."""

    extra = 0
