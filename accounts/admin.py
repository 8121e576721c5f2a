"""Django admin of people. Roles are given here; each change is kept, with who made it."""

from __future__ import annotations

from typing import Any

import pghistory
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.access import account_of
from accounts.forms import UserChange, UserCreate
from accounts.models import Role, User, Volunteer
from accounts.services import AccountRefused, user_access_set

admin.site.unregister(Group)  # roles, not groups


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    form = UserChange
    add_form = UserCreate
    list_display = ["username", "email", "role", "is_active", "is_demo", "date_joined"]
    list_filter = ["role", "is_active", "is_demo"]
    filter_horizontal = ()
    readonly_fields = ["is_demo", "last_login", "date_joined", "left_at", "history"]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Role"), {"fields": ("role", "is_active", "is_demo", "history")}),
        (_("Dates"), {"fields": ("last_login", "date_joined", "left_at")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "role", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        by = account_of(request)
        with pghistory.context(user=by.pk, why="admin"):
            if change:  # roles have their rules there, and their locks
                user_access_set(user=obj, role=Role(obj.role), is_active=obj.is_active, by=by, why="admin")
            super().save_model(request, obj, form, change)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AccountRefused as refused:  # came through Django's transaction of the form: nothing of it was kept
            self.message_user(request, str(refused), messages.ERROR)
            return redirect(request.get_full_path())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # switch off "active" instead: votes and decisions point to people

    @admin.display(description=_("History of role and access"))
    def history(self, user: User) -> str:
        events = user.events.select_related("pgh_context").order_by("-pgh_id")[:50]  # type: ignore[attr-defined]
        rows = (
            (event.pgh_created_at.strftime("%Y-%m-%d %H:%M UTC"), event.role, event.is_active, _who(event))
            for event in events
        )
        return format_html_join("", "<div>{}: role {}, active {} {}</div>", rows) or "–"


def _who(event: Any) -> str:
    return f"({event.pgh_context.metadata})" if event.pgh_context else ""


@admin.register(Volunteer)
class VolunteerAdmin(admin.ModelAdmin):
    """People who classify, with or without an account; the system writes these rows."""

    list_display = ["__str__", "user", "classifications_count", "created_at"]
    list_select_related = ["user"]
    search_fields = ["=user__username", "=anonymous_name"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
