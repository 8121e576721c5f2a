"""People: the accounts, and the volunteers (with or without one) whose votes are counted."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, ClassVar

import pghistory
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do; each role may do all that the ones before it may."""

    VOLUNTEER = "volunteer", _("volunteer")
    MODERATOR = "moderator", _("moderator")
    SCIENTIST = "scientist", _("scientist")
    ADMIN = "admin", _("admin")


RANK = {role: rank for rank, role in enumerate(Role)}


class HunterUserManager(UserManager["User"]):
    def create_superuser(self, username, email=None, password=None, **extra):  # type: ignore[no-untyped-def]
        return super().create_superuser(username, email, password, **{"role": Role.ADMIN, **extra})


@pghistory.track(
    pghistory.UpdateEvent(),
    fields=["role", "is_active", "is_staff", "is_superuser"],
    obj_field=pghistory.ObjForeignKey(related_name="events"),
)
class User(AbstractUser):
    """An account. Django's staff and superuser flags follow the role."""

    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.VOLUNTEER)
    is_demo = models.BooleanField(default=False, help_text=_("Made by `make demo`; cannot sign in in production."))
    public_profile = models.BooleanField(
        default=False, help_text=_("everybody may see this person's numbers and discoveries; they chose so")
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("in which e-mails are written; empty: not known")
    )
    left_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("when this person had their name removed; their work stays")
    )

    objects: ClassVar[HunterUserManager] = HunterUserManager()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep Django's own flags in step with the role, so that there is one truth."""
        self.is_staff = self.is_superuser = self.role == Role.ADMIN
        if kwargs.get("update_fields") is not None and "role" in kwargs["update_fields"]:
            kwargs["update_fields"] = {*kwargs["update_fields"], "is_staff", "is_superuser"}
        super().save(*args, **kwargs)

    def has_role(self, role: Role) -> bool:
        """Whether this person may do what ``role`` may."""
        return self.is_active and RANK[Role(self.role)] >= RANK[role]

    @property
    def public_name(self) -> str:
        """The name other people see."""
        return gettext("former member") if self.left_at else self.username

    @property
    def is_moderator(self) -> bool:
        return self.has_role(Role.MODERATOR)

    @property
    def is_scientist(self) -> bool:
        return self.has_role(Role.SCIENTIST)

    @property
    def is_admin(self) -> bool:
        return self.has_role(Role.ADMIN)


def _export_name() -> str:
    return f"not-logged-in-{secrets.token_hex(10)}"


class Volunteer(models.Model):
    """One person who classifies: an account, or an anonymous browser that a signed cookie remembers."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="volunteer")
    anonymous_name = models.CharField(max_length=40, default=_export_name, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    classifications_count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.user.username if self.user else self.anonymous_name
