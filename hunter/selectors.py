"""Reads for the front page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalogue.models import Candidate
from classify import selectors as classify
from classify.models import Subject

FINDS = 8


def home_context() -> dict[str, Any]:
    """Counters, recent finds and the hero image of the front page."""
    workflow = classify.workflow_main()
    finds = _recent_finds()
    counts = classify.people_counts(workflow)
    counts["discoveries"] = Candidate.objects.filter(state=Candidate.State.ACCEPTED).count()
    newest = Subject.objects.order_by("-pk").first()
    return {
        "workflow": workflow,
        "others": max(classify.workflows_open().count() - 1, 0),
        "counts": counts,
        "finds": finds,
        "hero_image_url": finds[0]["image_url"] if finds else None,
        "simulated": bool(newest and newest.metadata.get("#simulated")),
    }


def _recent_finds() -> list[dict[str, Any]]:
    accepted = Candidate.objects.filter(state=Candidate.State.ACCEPTED).select_related("exposure__observation")
    finds = []
    for candidate in accepted.prefetch_related("links__subject__cutout").order_by("-updated_at")[:FINDS]:
        link = next(iter(candidate.links.all()), None)
        if link is None or link.subject.cutout is None:
            continue
        what = candidate.get_trail_class_display()
        finds.append(
            {
                "image_url": reverse("archive:image", args=[link.subject.cutout.public_id]),
                "alt": _("Hubble image with a trail: %(what)s") % {"what": what},
                "caption": f"{what} · {candidate.exposure.observation.name}",
                "url": reverse("talk:subject", args=[link.subject_id]),
                "simulated": candidate.exposure.observation.simulated,
            }
        )
    return finds
