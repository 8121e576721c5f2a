"""Celery entry points: call a service. Twice is once."""

from __future__ import annotations

from celery import shared_task

from talk import mailing, notifying


@shared_task(name="talk.tasks.tell", time_limit=120)
def tell() -> None:
    """Tell people of new comments, messages, reports and what moderators did."""
    notifying.tell()


@shared_task(name="talk.tasks.mail", time_limit=600)
def mail() -> None:
    """Write the e-mails that are due, and send those that are written."""
    mailing.mails_make()
    mailing.mails_send()


@shared_task(name="talk.tasks.expire", time_limit=120)
def expire() -> None:
    """Remove old notifications and e-mails, some at a time."""
    mailing.expire()
