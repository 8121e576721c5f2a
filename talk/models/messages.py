"""Private messages between two people."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q


class Conversation(models.Model):
    """What two people write to each other. ``first`` is the account with the lower id, so that a pair has one."""

    first = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    first_read = models.PositiveBigIntegerField(default=0)
    second_read = models.PositiveBigIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="conversation_once_per_pair"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="conversation_lower_id_first"),
        ]
        indexes = [
            models.Index(fields=["first", "-last_message_at"], name="conversation_of_first"),
            models.Index(fields=["second", "-last_message_at"], name="conversation_of_second"),
        ]


class Message(models.Model):
    """One message. The client's key makes sending it twice harmless."""

    key = models.UUIDField(unique=True, editable=False, db_default=RandomUUID())
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    body = models.TextField(max_length=10_000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(body=""), name="message_not_empty")]
        indexes = [
            models.Index(fields=["conversation", "-id"], name="message_in_order"),
            models.Index(fields=["author", "-id"], name="message_of_author"),
        ]


class Block(models.Model):
    """A person wants to hear nothing of another: no messages, no mentions."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["by", "person"], name="block_once"),
            models.CheckConstraint(condition=~Q(by=F("person")), name="block_of_another"),
        ]
