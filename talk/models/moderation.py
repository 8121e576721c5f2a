"""Reports, what moderators did and why, and who may not write for a time."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from talk.models.boards import Discussion
from talk.models.comments import Comment
from talk.models.messages import Message
from talk.models.tags import Tag


class Report(models.Model):
    """A person says that a comment or a private message should not stand."""

    class Reason(models.TextChoices):
        SPAM = "spam", _("advertising or spam")
        UNKIND = "unkind", _("unkind or offensive")
        PRIVATE = "private", _("says private things about somebody")
        OFF_TOPIC = "off_topic", _("does not belong here")
        OTHER = "other", _("something else")

    class State(models.TextChoices):
        OPEN = "open", _("to be looked at")
        WATCHED = "watched", _("being watched")
        CLOSED = "closed", _("closed")

    comment = models.ForeignKey(Comment, null=True, blank=True, on_delete=models.CASCADE, related_name="reports")
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="reports")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="reports")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    text = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(comment__isnull=False, message=None) | Q(comment=None, message__isnull=False),
                name="report_of_one_thing",
            ),
            models.UniqueConstraint(fields=["comment", "by"], condition=~Q(state="closed"), name="report_comment_once"),
            models.UniqueConstraint(fields=["message", "by"], condition=~Q(state="closed"), name="report_message_once"),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="report_queue")]


class Suspension(models.Model):
    """A person may not write in Talk, for a time or for good (``until`` empty). They can still classify."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="suspensions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    why = models.CharField(max_length=500)
    until = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(why=""), name="suspension_says_why"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gt=F("created_at")), name="suspension_lasts"),
        ]
        indexes = [models.Index(fields=["person"], name="suspension_current", condition=Q(lifted_at=None))]


class ModerationAct(models.Model):
    """One thing a moderator did. Rows are only added: the database refuses to change or remove them."""

    class Kind(models.TextChoices):
        HIDE = "hide", _("hid a comment")
        RESTORE = "restore", _("showed a comment again")
        LOCK = "lock", _("closed a conversation")
        UNLOCK = "unlock", _("opened a conversation")
        STICK = "stick", _("kept a conversation on top")
        UNSTICK = "unstick", _("no longer kept a conversation on top")
        HIDE_DISCUSSION = "hide_talk", _("hid a conversation")
        SHOW_DISCUSSION = "show_talk", _("showed a conversation again")
        MOVE = "move", _("moved a conversation")
        MERGE_TAGS = "merge_tags", _("merged a tag into another")
        SPLIT_TAGS = "split_tags", _("took a merged tag out again")
        WARN = "warn", _("warned a person")
        SUSPEND = "suspend", _("suspended a person")
        LIFT = "lift", _("ended a suspension")
        CLOSE = "close", _("closed a report")
        WATCH = "watch", _("watches a report")
        BOARD = "board", _("changed a board")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=500, blank=True)
    comment = models.ForeignKey(
        Comment, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="acts"
    )
    discussion = models.ForeignKey(
        Discussion, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="acts"
    )
    tag = models.ForeignKey(
        Tag, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="acts"
    )
    report = models.ForeignKey(
        Report, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="acts"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="acts",
    )
    details = models.JSONField(default=dict, blank=True, help_text=_("what it was before, and after"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = [pgtrigger.Protect(name="acts_stay", operation=pgtrigger.Update | pgtrigger.Delete)]
        indexes = [
            models.Index(fields=["-id"], name="act_newest"),
            models.Index(fields=["person", "-id"], name="act_on_person"),
        ]
