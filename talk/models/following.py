"""What people follow, what they are told, and how."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from talk.models.boards import Board, Discussion
from talk.models.comments import Comment
from talk.models.tags import Tag


class Level(models.IntegerChoices):
    """How closely a person follows something."""

    MUTED = 0, _("muted")
    NORMAL = 1, _("normal")
    TRACKING = 2, _("tracking")
    WATCHING = 3, _("watching")


class Follow(models.Model):
    """A person's level for one discussion, board or tag; without a row it is normal, or follows from taking part."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows")
    discussion = models.ForeignKey(Discussion, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    board = models.ForeignKey(Board, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(discussion__isnull=False, board=None, tag=None)
                | Q(discussion=None, board__isnull=False, tag=None)
                | Q(discussion=None, board=None, tag__isnull=False),
                name="follow_of_one_thing",
            ),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="follow_level_known"),
            # They also find who watches: what is followed comes first in each.
            models.UniqueConstraint(fields=["discussion", "person"], name="follow_discussion_once"),
            models.UniqueConstraint(fields=["board", "person"], name="follow_board_once"),
            models.UniqueConstraint(fields=["tag", "person"], name="follow_tag_once"),
        ]


class ReadMark(models.Model):
    """How far a person has read a discussion."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    discussion = models.ForeignKey(Discussion, on_delete=models.CASCADE, related_name="+")
    comment_id = models.PositiveBigIntegerField(help_text=_("the newest comment that was read"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "discussion"], name="read_mark_once")]


class Category(models.TextChoices):
    """Why a person is told; Zooniverse's categories. The first that fits wins, in this order."""

    REPORT = "report", _("a report to look at")
    SYSTEM = "system", _("a word from the moderators")
    MESSAGE = "message", _("a private message")
    MENTION = "mention", _("somebody mentions you")
    GROUP_MENTION = "group_mention", _("somebody mentions a group you are in")
    PARTICIPATING = "participating", _("new comments where you wrote")
    FOLLOWED = "followed", _("new comments in what you watch")
    STARTED = "started", _("new conversations on boards you follow")


class Digest(models.TextChoices):
    """When a person gets an e-mail about a category."""

    IMMEDIATE = "immediate", _("at once")
    DAILY = "daily", _("once a day")
    WEEKLY = "weekly", _("once a week")
    NEVER = "never", _("never")


class MailChoice(models.Model):
    """When a person wants e-mails of a category, where it is not the usual."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_choices")
    category = models.CharField(max_length=14, choices=Category.choices)
    digest = models.CharField(max_length=9, choices=Digest.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "category"], name="mail_choice_once")]


class ToTell(models.Model):
    """Something that people have yet to be told of; written with it, removed with the notifications that tell it.

    So nothing is forgotten when a worker dies, and nothing old is told when many rows are read in.
    """

    comment = models.OneToOneField(Comment, null=True, on_delete=models.CASCADE, related_name="+")
    message = models.OneToOneField("talk.Message", null=True, on_delete=models.CASCADE, related_name="+")
    report = models.OneToOneField("talk.Report", null=True, on_delete=models.CASCADE, related_name="+")
    act = models.OneToOneField(
        "talk.ModerationAct", null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    mentions_only = models.BooleanField(default=False, help_text=_("an edited comment: only whom it speaks to"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(comment__isnull=False, message=None, report=None, act=None)
                | Q(comment=None, message__isnull=False, report=None, act=None)
                | Q(comment=None, message=None, report__isnull=False, act=None)
                | Q(comment=None, message=None, report=None, act__isnull=False),
                name="to_tell_one_thing",
            )
        ]


class Notification(models.Model):
    """Something that a person is told once: in the page, and by e-mail as they chose."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    category = models.CharField(max_length=14, choices=Category.choices)
    comment = models.ForeignKey(Comment, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey("talk.Message", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    report = models.ForeignKey("talk.Report", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    act = models.ForeignKey("talk.ModerationAct", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True, help_text=_("when its e-mail was made, or needed no more"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "comment"], condition=Q(comment__isnull=False), name="notification_comment_once"
            ),
            models.UniqueConstraint(
                fields=["person", "message"], condition=Q(message__isnull=False), name="notification_message_once"
            ),
            models.UniqueConstraint(
                fields=["person", "report"], condition=Q(report__isnull=False), name="notification_report_once"
            ),
            models.UniqueConstraint(
                fields=["person", "act"], condition=Q(act__isnull=False), name="notification_act_once"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="notification_newest"),
            models.Index(fields=["person"], name="notification_unread", condition=Q(read_at=None)),
            models.Index(fields=["category", "created_at"], name="notification_to_mail", condition=Q(mailed_at=None)),
            models.Index(fields=["created_at"], name="notification_age"),
        ]


class Mail(models.Model):
    """An e-mail as it was written, and whether it went out. Staff can read it; it is kept for a while only."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=9, choices=Digest.choices)
    subject_line = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    unsubscribe = models.CharField(max_length=400, blank=True, help_text=_("the address that ends such e-mails"))
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="mail_to_send", condition=Q(sent_at=None)),
            models.Index(fields=["person", "-created_at"], name="mail_of_person"),  # the limit per hour
            models.Index(fields=["-created_at"], name="mail_newest"),
        ]
