"""REST of the catalogue, for the team."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import account_of
from accounts.permissions import Scientist
from catalogue import exports, selectors, services
from catalogue.filters import STATES, CandidateFilter
from catalogue.models import Candidate, Grade, TrailClass, Validation


class CandidatePages(CursorPagination):
    """Oldest first, by key."""

    ordering = ("created_at", "id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class Conflict(APIException):
    """409: somebody else decided meanwhile."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "decided_meanwhile"


class ValidationSerializer(serializers.ModelSerializer[Validation]):
    by = serializers.CharField(source="by.public_name", read_only=True)

    class Meta:
        model = Validation
        fields = ["id", "verdict", "trail_class", "grade", "note", "by", "created_at"]


class CandidateSerializer(serializers.ModelSerializer[Candidate]):
    observation = serializers.CharField(source="exposure.observation.name")
    instrument = serializers.CharField(source="exposure.observation.instrument")
    filter = serializers.CharField(source="exposure.filter_name")
    exposure_start = serializers.DateTimeField(source="exposure.start")
    exposure_s = serializers.FloatField(source="exposure.exposure_s")
    simulated = serializers.BooleanField(source="exposure.observation.simulated")
    p_yes = serializers.FloatField(
        read_only=True, allow_null=True, help_text="The volunteers' consensus as it stands, the best tile's."
    )

    class Meta:
        model = Candidate
        fields = [
            "id", "state", "trail_class", "grade", "source", "position_from", "ra_deg", "dec_deg",
            "position_sigma_arcsec", "end1_ra_deg", "end1_dec_deg", "end2_ra_deg", "end2_dec_deg", "length_arcsec",
            "position_angle_deg", "ridge_snr", "mid_x", "mid_y", "end1_x", "end1_y", "end2_x", "end2_y", "p_yes",
            "p_model", "observation", "instrument", "filter", "exposure_start", "exposure_s", "simulated", "created_at",
        ]  # fmt: skip


class CandidateDetailSerializer(CandidateSerializer):
    subjects = serializers.SerializerMethodField()
    validations = serializers.SerializerMethodField(
        help_text="Those of others are left out where your own independent opinion is still to come."
    )

    class Meta(CandidateSerializer.Meta):
        fields = [*CandidateSerializer.Meta.fields, "subjects", "validations"]

    def get_subjects(self, candidate: Candidate) -> list[int]:
        return sorted(link.subject_id for link in candidate.links.all())

    @extend_schema_field(ValidationSerializer(many=True))
    def get_validations(self, candidate: Candidate) -> Any:
        shown = selectors.decisions_shown(candidate, self.context["request"].user.pk)
        return ValidationSerializer(shown, many=True).data


class DecisionSerializer(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=Validation.Verdict.choices)
    trail_class = serializers.ChoiceField(
        choices=TrailClass.choices,
        required=False,
        allow_blank=True,
        default="",
        help_text="Needed to accept or reject; a rejected candidate is no asteroid.",
    )
    grade = serializers.ChoiceField(
        choices=Grade.choices, required=False, allow_blank=True, default="", help_text="Only for what is accepted."
    )
    note = serializers.CharField(max_length=services.NOTE_MAX, required=False, allow_blank=True, default="")
    seen = serializers.IntegerField(
        min_value=0,
        required=False,
        allow_null=True,
        default=None,
        help_text="Id of the newest validation you saw, 0 for none: a newer one of somebody else then answers 409.",
    )


class ExportSerializer(serializers.Serializer[Any]):
    format = serializers.CharField()
    url = serializers.CharField()


class CandidateList(generics.ListAPIView[Candidate]):
    """Candidates, oldest first. Without ``state`` those that wait for a decision."""

    permission_classes = [Scientist]
    serializer_class = CandidateSerializer
    pagination_class = CandidatePages

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=list(STATES)),
            OpenApiParameter("source", str, enum=Candidate.Source.values),
            OpenApiParameter("class", str, enum=TrailClass.values),
            OpenApiParameter("grade", str, enum=Grade.values),
            OpenApiParameter("tag", str, description="Taken over from this hashtag of Talk."),
            OpenApiParameter("instrument", str),
            OpenApiParameter("q", str, description="Observation, target, subject (S12) or the beginning of an id."),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Candidate]:
        return selectors.candidates(CandidateFilter.of(self.request.query_params))


class CandidateDetail(generics.RetrieveAPIView[Candidate]):
    """One candidate, with its subjects and all decisions on it."""

    permission_classes = [Scientist]
    serializer_class = CandidateDetailSerializer
    queryset = selectors.candidates().prefetch_related("links")


class CandidateValidations(APIView):
    """Decide on a candidate. Decisions are added, never overwritten; sending one again adds nothing."""

    permission_classes = [Scientist]
    throttle_scope = "write"

    @extend_schema(request=DecisionSerializer, responses={201: ValidationSerializer})
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        candidate = get_object_or_404(Candidate, pk=pk)
        given = DecisionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            made = services.candidate_validate(
                candidate=candidate, by=account_of(request._request), **given.validated_data
            )
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.message_dict) from None
        except services.DecidedMeanwhile as error:
            raise Conflict(str(error)) from None
        return Response(ValidationSerializer(made).data, status=status.HTTP_201_CREATED)


class Exports(APIView):
    """Where the downloads are."""

    permission_classes = [Scientist]

    @extend_schema(responses=ExportSerializer(many=True))
    def get(self, request: Request) -> Response:
        found = [
            {"format": name, "url": request.build_absolute_uri(reverse("catalogue:export", args=[name]))}
            for name in exports.FORMATS
        ]
        if account_of(request._request).is_admin:
            address = request.build_absolute_uri(reverse("catalogue:export_classifications"))
            found.append({"format": "classifications", "url": address})
        return Response(found)
