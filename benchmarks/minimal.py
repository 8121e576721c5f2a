"""The least a correct Django loop needs: two views, raw SQL, one transaction each. The reference of `benchmarks.cycle`.

`next` hands out a subject that takes votes and that this person has not answered; `submit` counts it once and never
over the limit. No sessions, no CSRF, no limits per person, no training, no marks, no leases, no posterior.
"""

from __future__ import annotations

import json
import random
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

TABLES = """
CREATE TABLE IF NOT EXISTS minimal_subject (id serial PRIMARY KEY, votes integer NOT NULL DEFAULT 0, place float8);
CREATE INDEX IF NOT EXISTS minimal_open ON minimal_subject (place) WHERE votes < 3;
CREATE TABLE IF NOT EXISTS minimal_vote (
    id serial PRIMARY KEY, key uuid UNIQUE, subject integer NOT NULL, person text NOT NULL, answer text,
    UNIQUE (subject, person));
"""
COUNT = "UPDATE minimal_subject SET votes = votes + 1 WHERE id = %s AND votes < 3"
NEXT = """
SELECT id FROM minimal_subject AS s
 WHERE votes < 3 AND place >= %s AND NOT EXISTS (SELECT FROM minimal_vote WHERE subject = s.id AND person = %s)
 ORDER BY place LIMIT 1
"""


def next_subject(request: HttpRequest) -> JsonResponse:
    """One subject for the person of the cookie."""
    person = request.COOKIES.get("person", "")
    with connection.cursor() as cursor:
        for start in (random.random(), 0.0):
            cursor.execute(NEXT, [start, person])
            if (row := cursor.fetchone()) is not None:
                return JsonResponse({"subject": row[0]})
    return JsonResponse({"subject": None})


def submit(request: HttpRequest) -> JsonResponse:
    """Count one answer."""
    body: dict[str, Any] = json.loads(request.body)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO minimal_vote (key, subject, person, answer) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [body["key"], body["subject"], request.COOKIES.get("person", ""), body["answer"]],
        )
        if cursor.rowcount:
            cursor.execute(COUNT, [body["subject"]])
    return JsonResponse({"ok": True})


urlpatterns = [path("next/", next_subject), path("submit/", submit)]


def make() -> WSGIHandler:
    """The WSGI application: the database of the site's settings, and nothing else of it (`gunicorn …:make()`)."""
    from hunter import settings as site

    settings.configure(
        ALLOWED_HOSTS=site.ALLOWED_HOSTS,
        DATABASES=site.DATABASES,
        ROOT_URLCONF="benchmarks.minimal",
        SECRET_KEY=site.SECRET_KEY,
        USE_TZ=True,
    )
    django.setup()
    return WSGIHandler()
