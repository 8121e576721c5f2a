"""Every address says who may use it: a walk over all URLs as every role. An unlisted one fails."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from PIL import Image

from accounts.models import Role
from archive.models import Cutout
from archive.services import ingest_start
from catalogue.models import Candidate, CandidateSubject, ObjectMatch
from catalogue.releases.making import release_make
from catalogue.services import candidate_validate
from classify.models import GuideEntry, GuideExample, Picture, TutorialStep, Workflow
from classify.pictures import picture_create
from hunter.certificates import certificate_for, certificate_token
from hunter.people import numbers_of
from jobs.services import job_enqueue, job_run
from ml.models import Model
from talk.services import comment_post
from tests import factories
from tests.archive.files import fits_write
from tests.permissions import tag_rows
from tests.permissions.forum_rows import forum_rows
from tests.permissions.table import ACCESS, ADMIN_SITE, FOREIGN, OWNERS_ONLY
from tests.permissions.talk_rows import personal_rows

OF_A_CANDIDATE = {
    "catalogue:decide",
    "catalogue:measure",
    "catalogue:distance",
    "catalogue:identify",
    "catalogue:match",
}

ROLES = ["public", "volunteer", "moderator", "scientist", "admin"]
RANK = {"public": 0, "signed_in": 1, "moderator": 2, "scientist": 3, "admin": 4}


def walk(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named pattern of the site, with its full name."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from walk(entry.url_patterns, inner)
        else:
            yield f"{namespace}{entry.name}", entry


PATTERNS = list(walk(get_resolver().url_patterns))
OURS = [(name, entry) for name, entry in PATTERNS if not name.startswith(ADMIN_SITE) and name not in FOREIGN]


def access_of(entry: URLPattern) -> str:
    """What the view itself says: its decorator, or its one REST permission."""
    view = entry.callback
    if (said := getattr(view, "access", None)) is not None:
        return str(said)
    classes = getattr(getattr(view, "cls", None), "permission_classes", None)
    if classes:
        assert len(classes) == 1, f"{entry.name}: exactly one permission class"
        return str(classes[0].access)
    return ""


def _picture(workflow: Workflow) -> Picture:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "PNG")
    return picture_create(project=workflow.project, data=buffer.getvalue(), alt="")


def _certificate(subject, workflow) -> str:
    volunteer = factories.vote(subject, "no", workflow).volunteer
    made = certificate_for(volunteer, numbers_of(volunteer), 0, "Ann")
    assert made is not None
    return certificate_token(made, volunteer)


def _set_up(workflow: Workflow) -> dict[str, dict[str, object]]:
    """Rows for the set-up pages: the project, a workflow, a step, a class of the field guide with a picture."""
    project = workflow.project
    step = TutorialStep.objects.create(workflow=workflow, language="en", position=90, title="Look", text="Look.")
    entry = GuideEntry.objects.create(project=project, language="en", position=90, name="Arc", looks_like="Bent.")
    example = GuideExample.objects.create(entry=entry, position=1, picture=_picture(workflow))
    named: dict[str, dict[str, object]] = {}
    for name, pattern in OURS:
        if not name.startswith("setup:"):
            continue
        of_project = "projects/" in str(pattern.pattern)
        values = {
            "slug": project.slug if of_project else workflow.slug,
            "step_id": step.pk, "entry_id": entry.pk, "example_id": example.pk,
        }  # fmt: skip
        named[name] = {key: values[key] for key in pattern.pattern.converters}
    return named


@pytest.fixture
def rows(db, request, tmp_path) -> dict[str, dict[str, object]]:
    """One real row for every address that names one, so that a refusal cannot pass for a missing row."""
    workflow = factories.workflow()
    (subject,) = factories.subjects(1, workflow, with_file=True)
    cutout, exposure = subject.cutout, subject.cutout.exposure
    if request.node.callspec.params["name"].startswith("archive:"):  # those read the files, too
        job_run(ingest_start([str(fits_write(tmp_path / "a.fits"))]).pk)
        cutout = Cutout.objects.latest("pk")
        exposure = cutout.exposure
    job = job_enqueue(kind="publish", arguments={"workflow": workflow.pk, "subject_set": 0})
    model = Model(name="m", version="1", sha256="0" * 64)
    model.file.save("m.onnx", ContentFile(b"not a model"))
    comment = comment_post(author=factories.user(), body="look #trail", subject=subject)
    candidate = Candidate.objects.create(
        exposure=exposure, source="consensus", position_from="cutout", mid_x=1, mid_y=1, ra_deg=150, dec_deg=2,
        position_sigma_arcsec=1,
    )  # fmt: skip
    CandidateSubject.objects.create(candidate=candidate, subject=subject)
    named = {
        "classify:picture": {"public_id": _picture(workflow).public_id},
        "classify:favourite": {"subject": subject.pk},
        "classify:guide": {"slug": workflow.slug},
        "classify:training": {"slug": workflow.slug},
        "classify:tutorial_seen": {"slug": workflow.slug},
        "classify:workflow": {"slug": workflow.slug},
        "api:next": {"slug": workflow.slug},
        "statistics:workflow": {"slug": workflow.slug},
        "accounts:profile": {"username": factories.user(public_profile=True).username},
        "certificate": {"token": _certificate(subject, workflow)},
        **_set_up(workflow),
        "talk:tag": {"name": "trail"},
        **tag_rows.tag_rows(subject),
        "archive:observation": {"name": exposure.observation.name},
        "catalogue:export": {"fmt": "csv"},
        **_release(candidate),
        "catalogue:match": {"pk": candidate.pk, "match_id": _match(candidate).pk},
    }
    ids = {"job_id": job.pk, "model_id": model.pk, "public_id": cutout.public_id}
    for name, entry in OURS:
        for key in entry.pattern.converters:
            if key in ids:
                named.setdefault(name, {}).setdefault(key, ids[key])
            elif key == "pk":
                is_candidate = "candidate" in name or name in OF_A_CANDIDATE
                named.setdefault(name, {})[key] = candidate.pk if is_candidate else subject.pk
    return named | personal_rows(comment) | forum_rows(comment)


def _match(candidate: Candidate) -> ObjectMatch:
    return ObjectMatch.objects.create(
        candidate=candidate, designation="2001 AB12", catalogue="MPCORB", rank=1, reversed=False, separation_arcsec=1,
        along_arcsec=1, cross_arcsec=0, angle_deg=0, length_ratio=1, rate_arcsec_h=20, delta_au=2, r_au=3, phase_deg=9,
        within_limits=True,
    )  # fmt: skip


def _release(candidate: Candidate) -> dict[str, dict[str, str]]:
    by = factories.user(Role.SCIENTIST)
    candidate_validate(candidate=candidate, by=by, verdict="accept", trail_class="asteroid")
    slug = release_make(by=by, title="First", with_simulated=True).slug
    return {
        "releases:release": {"slug": slug},
        "releases:file": {"slug": slug, "fmt": "csv"},
        "releases:cone": {"slug": slug},
        "releases:compare": {"slug": slug, "other": slug},
    }


def test_the_table_lists_every_address_and_no_others():
    assert sorted(ACCESS) == sorted({name for name, _ in OURS})


@pytest.mark.parametrize(("name", "entry"), OURS, ids=[name for name, _ in OURS])
def test_every_view_says_what_the_table_says(name, entry):
    assert access_of(entry) == ACCESS[name]


@pytest.fixture
def clients(db) -> dict[str, Client]:
    made = {"public": Client(raise_request_exception=False)}
    for role in Role:
        made[role.value] = Client(raise_request_exception=False)
        made[role.value].force_login(factories.user(role))
    return made


@pytest.mark.parametrize(("name", "entry"), OURS, ids=[name for name, _ in OURS])
def test_every_role_gets_what_it_may(clients, rows, name, entry):
    """Below the needed role: the sign-in page, 401 or 404. With it: never those, on the same row. Never a 500."""
    url = reverse(name, kwargs=rows.get(name, {}))
    for role in ROLES:
        for method in ("get", "post"):
            with transaction.atomic():  # what one role changes, the next does not find changed
                answer = getattr(clients[role], method)(url)
                transaction.set_rollback(True)
            check_answer(name, answer, f"{role} {method.upper()} {url}", ROLES.index(role) >= RANK[ACCESS[name]])


def check_answer(name, answer, where, allowed):
    """One answer to one role."""
    to_sign_in = answer.status_code == 302 and "/accounts/login/" in answer.headers["Location"]
    where = f"{where}: {answer.status_code}"
    assert answer.status_code < 500, where
    if allowed:
        refused = (401, 404) if name in OWNERS_ONLY | tag_rows.OWNERS_ONLY else (401, 403, 404)
        assert not to_sign_in and answer.status_code not in refused, where
    else:
        assert to_sign_in or answer.status_code in (401, 404), where


@pytest.mark.parametrize("role", ["public", "volunteer", "moderator", "scientist"])
def test_the_admin_site_is_for_admins(clients, role):
    names = sorted({name for name, entry in PATTERNS if name.startswith(ADMIN_SITE) and not entry.pattern.regex.groups})
    assert len(names) > 20
    for name in names:
        if name in ("admin:login", "admin:logout", "admin:jsi18n", "admin:None"):
            continue
        answer = clients[role].get(reverse(name))
        assert answer.status_code in (302, 403, 404), f"{role} {name}: {answer.status_code}"
    assert clients["admin"].get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_the_account_pages_never_break(clients, name):
    entry = next(entry for listed, entry in PATTERNS if listed == name)
    samples = {"key": "MQ:absent", "uidb36": "zz"}
    arguments = {key: samples[key] for key in entry.pattern.regex.groupindex if key in samples}
    if name == "account_reset_password_from_key":
        arguments["key"] = "absent"
    for role in ROLES:
        assert clients[role].get(reverse(name, kwargs=arguments)).status_code < 500, role
