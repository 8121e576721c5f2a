"""REST of the classification task. The classifier page itself uses it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Volunteer
from accounts.permissions import Public, Scientist
from accounts.quick import Asked, QuickView, json_answer, plain
from accounts.selectors import volunteer_of
from accounts.throttles import NewVolunteerThrottle
from classify import selectors, services
from classify.frames import frames_added
from classify.models import Consensus, Subject, Workflow
from classify.serializers import (
    ClassificationSerializer,
    ConsensusSerializer,
    NextSerializer,
    SubjectSerializer,
    SubmittedSerializer,
    WorkflowSerializer,
    classification_read,
    feedback_view,
    version_check,
)
from classify.visits import visit_of

MOST_AT_ONCE = 20


class KeyTaken(APIException):
    """409: the key was used by someone else."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "key_taken"


class NotUndone(APIException):
    """409: the answer can no longer be taken back."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "not_undone"


class WorkflowList(generics.ListAPIView):
    """The workflows that are open to everyone."""

    permission_classes = [Public]
    serializer_class = WorkflowSerializer
    queryset = Workflow.objects.filter(active=True, project__live=True).select_related("project")


class NextSubjects(QuickView):
    """Subjects this person may classify next; likely trails first, never one they have answered."""

    permission_classes = [Public]

    @extend_schema(
        responses=NextSerializer,
        parameters=[
            OpenApiParameter("n", int, description=f"How many, at most {MOST_AT_ONCE}; 4 unless told."),
            OpenApiParameter("exclude", str, description="Subject ids the client holds already, comma separated."),
            OpenApiParameter("training", bool, description="Only subjects whose answer is known, to practise with."),
        ],
    )
    def get(self, request: Asked, slug: str) -> HttpResponse:
        visit = visit_of(plain(request), slug=slug, count=True)
        if visit is None:
            raise NotFound
        n, exclude = _queue_parameters(request)
        found = selectors.subjects_next_for(
            visit.workflow,
            visit.volunteer,
            n=n,
            exclude=exclude,
            holder=visit.holder,
            seen=visit.seen,
            training_only=request.GET.get("training") in ("1", "true"),
        )
        subjects = frames_added(visit.workflow, selectors.subjects_for_classifier(found))
        response = json_answer({"subjects": subjects, "state": found.state})
        response["Cache-Control"] = "no-store"
        return response


def _queue_parameters(request: Asked) -> tuple[int, list[int]]:
    try:
        n = int(request.GET.get("n", 4))
        given = [part for part in request.GET.get("exclude", "").split(",") if part]
        exclude = [int(part) for part in given]
    except ValueError:
        raise serializers.ValidationError({"exclude": ["n and exclude are whole numbers."]}) from None
    if not 1 <= n <= MOST_AT_ONCE or len(exclude) > 200 or any(not 0 < pk < 2**62 for pk in exclude):
        raise serializers.ValidationError({"n": [f"n is 1 to {MOST_AT_ONCE}; exclude holds at most 200 ids."]})
    return n, exclude


class Classifications(QuickView):
    """Send one classification. The client's key makes sending it twice harmless: the second answer is 200."""

    permission_classes = [Public]
    throttle_scope = "classify"

    @extend_schema(request=ClassificationSerializer, responses={201: SubmittedSerializer, 200: SubmittedSerializer})
    def post(self, request: Asked) -> HttpResponse:
        given = classification_read(request.data)  # type: ignore[union-attr]
        visit = visit_of(plain(request), pk=given.pop("workflow"))
        if visit is None:
            raise serializers.ValidationError({"workflow": ["There is no such workflow that takes answers."]})
        version_check(visit.workflow, given["workflow_version"])
        volunteer = visit.volunteer or self._volunteer(request)
        try:
            submitted = services.classification_submit(
                workflow=visit.workflow, subject_id=given.pop("subject"), volunteer=volunteer, **given
            )
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.message_dict) from None
        except services.KeyTakenError:
            raise KeyTaken("This key belongs to another classification; make a new one.") from None
        except services.NotUndoneError as error:
            raise NotUndone(str(error)) from None
        made = submitted.classification
        body = {
            "classification": made.pk,
            "counted": made.counted,
            "set_aside": made.set_aside,
            "feedback": feedback_view(submitted.feedback),
        }
        return json_answer(body, status=status.HTTP_201_CREATED if submitted.created else status.HTTP_200_OK)

    def _volunteer(self, request: Asked) -> Volunteer:
        """Somebody new. A browser without the cookie of the classifier's page would be a new person each time."""
        if not request.user.is_authenticated:
            if getattr(plain(request), "volunteer_key", None) is None:
                raise PermissionDenied("Open the page of the classifier first, with cookies allowed.", "no_volunteer")
            limit = NewVolunteerThrottle()
            if not limit.allow_request(request, self):  # type: ignore[arg-type]
                raise Throttled(limit.wait())
        made = volunteer_of(plain(request), create=True)
        assert made is not None
        return made


class SubjectList(generics.ListAPIView):
    """All subjects, newest first."""

    permission_classes = [Public]
    serializer_class = SubjectSerializer
    queryset = Subject.objects.select_related("cutout")


class SubjectDetail(generics.RetrieveAPIView):
    """One subject."""

    permission_classes = [Public]
    serializer_class = SubjectSerializer
    queryset = Subject.objects.select_related("cutout")


class ConsensusList(generics.ListAPIView):
    """Where the vote on each subject stands (team only: volunteers never see others' votes)."""

    permission_classes = [Scientist]
    serializer_class = ConsensusSerializer

    @extend_schema(
        parameters=[
            OpenApiParameter("workflow", str, description="A workflow's slug."),
            OpenApiParameter("state", str, enum=["active", "retired"]),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Consensus]:
        rows = Consensus.objects.select_related("workflow")
        if workflow := self.request.query_params.get("workflow"):
            rows = rows.filter(workflow__slug=workflow)
        if state := self.request.query_params.get("state"):
            rows = rows.filter(state=state)
        return rows
