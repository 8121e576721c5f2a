"""The Celery application. The row is the truth, the broker a hint: every task can run twice or be lost."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init

from hunter import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hunter.settings")

app = Celery("hunter")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def _attach(**_: Any) -> None:
    """Workers and the scheduler hold the embedded servers like any other process."""
    servers.ensure()
    (servers.data_dir() / "run").mkdir(parents=True, exist_ok=True)  # the scheduler writes its notes there
