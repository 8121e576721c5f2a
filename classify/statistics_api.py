"""REST of the public statistics, in the shapes of Zooniverse's ERAS; an hour is a period, too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Public
from classify import statistics
from classify.models import Workflow
from classify.statistics import Span
from classify.statistics_span import FIRST_DAY, MOST_DAYS_API

USUAL_DAYS_HOURLY = 7


class PeriodSerializer(serializers.Serializer[Any]):
    period = serializers.DateTimeField(source="start", help_text="When the period begins, UTC; weeks on Mondays.")
    count = serializers.IntegerField()


class CountsSerializer(serializers.Serializer[Any]):
    total_count = serializers.IntegerField()
    data = PeriodSerializer(many=True)  # type: ignore[assignment]  # ERAS calls it so


class AskedSerializer(serializers.Serializer[Any]):
    """What may be asked for; days are of UTC and both included."""

    period = serializers.ChoiceField(choices=statistics.PERIODS, default="year")
    start_date = serializers.DateField(required=False)
    end_date = serializers.DateField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        last = min(given.get("end_date", statistics.today()), statistics.today())
        usual = last - timedelta(days=USUAL_DAYS_HOURLY - 1) if given["period"] == "hour" else FIRST_DAY
        first = max(given.get("start_date", usual), FIRST_DAY)
        if first > last:
            raise serializers.ValidationError({"start_date": ["The first day comes after the last."]})
        most = MOST_DAYS_API[given["period"]]
        if (last - first).days >= most and "start_date" in given:
            raise serializers.ValidationError({"start_date": [f"By the {given['period']}, at most {most} days."]})
        return {"span": Span(given["period"], max(first, last - timedelta(days=most - 1)), last)}


class ClassificationCounts(APIView):
    """How many classifications came in each period. Periods without any are left out, as on ERAS."""

    permission_classes = [Public]

    @extend_schema(
        responses=CountsSerializer,
        parameters=[
            OpenApiParameter("period", str, enum=list(statistics.PERIODS), description="“year” unless told."),
            OpenApiParameter("workflow", str, description="A workflow's slug; without it, all together."),
            OpenApiParameter("start_date", str, description="The first day, such as 2026-11-01."),
            OpenApiParameter("end_date", str, description="The last day, included; today unless told."),
        ],
    )
    def get(self, request: Request) -> Response:
        given = AskedSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        slug = request.query_params.get("workflow")
        workflow = get_object_or_404(Workflow, slug=slug, project__live=True) if slug else None
        data = statistics.period_counts(given.validated_data["span"], workflow)
        return Response(CountsSerializer({"total_count": sum(one.count for one in data), "data": data}).data)
