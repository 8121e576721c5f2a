"""REST of tags and of the search."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Public
from classify.models import Subject
from talk import selectors
from talk.access import comments_readable
from talk.api.comments import comments_full
from talk.api.serializers import CommentSerializer, TaggedSubjectSerializer, TagSerializer
from talk.api.shared import whole
from talk.mentions import mentions_prefetch
from talk.models import Comment, Tag, TaggedSubject
from talk.queries import MOST_CHARACTERS, query_of
from talk.search import search

MOST_TAGS = 100


def _tag(name: str) -> Tag:
    found = selectors.tag_named(name)
    if found is None:
        raise Http404
    return found


class TagList(APIView):
    """The most used tags, of all of Talk or of one subject."""

    permission_classes = [Public]
    throttle_scope = "read"

    @extend_schema(
        responses=TagSerializer(many=True),
        parameters=[
            OpenApiParameter("limit", int, description=f"How many, at most {MOST_TAGS}; 10 unless told."),
            OpenApiParameter("subject", int, description="Only tags of this subject."),
        ],
    )
    def get(self, request: Request) -> Response:
        limit = whole(request, "limit", 10) or 1
        number = whole(request, "subject", None)
        subject = get_object_or_404(Subject, pk=number) if number is not None else None
        tags = selectors.tags_popular(limit=min(max(limit, 1), MOST_TAGS), subject=subject)
        return Response(TagSerializer(tags, many=True).data)


class TagSubjects(generics.ListAPIView):
    """The subjects with a tag, the one tagged last first; a merged spelling gives those of what it stands for."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = TaggedSubjectSerializer
    ordering = ("-last_comment_id",)
    queryset = TaggedSubject.objects.none()

    def get_queryset(self) -> QuerySet[TaggedSubject]:
        return TaggedSubject.objects.filter(tag=_tag(self.kwargs["name"]))


class TagComments(generics.ListAPIView):
    """The comments with a tag, newest first."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = CommentSerializer
    queryset = Comment.objects.none()

    def get_queryset(self) -> QuerySet[Comment]:
        tag = _tag(self.kwargs["name"])
        return comments_full(comments_readable(None).filter(tag_uses__tag=tag))


class FoundSerializer(serializers.Serializer):
    """What a search found; only the first page (without ``before``) has subjects."""

    comments = CommentSerializer(many=True)
    subjects = serializers.ListField(child=serializers.IntegerField())
    after = serializers.IntegerField(allow_null=True, help_text="``before`` of the next page.")


class Search(APIView):
    """Search all that one may read, newest first: words, "phrases", #tag, @person, board:slug, ^S123."""

    permission_classes = [Public]
    throttle_scope = "read"

    @extend_schema(
        responses=FoundSerializer,
        parameters=[OpenApiParameter("q", str, required=True), OpenApiParameter("before", int)],
    )
    def get(self, request: Request) -> Response:
        text = request.query_params.get("q", "").replace("\x00", "").strip()[:MOST_CHARACTERS]
        found = search(request.user, query_of(text), before=whole(request, "before", None))
        comments = mentions_prefetch([hit.comment for hit in found.hits])
        data = {"comments": comments, "subjects": [one.pk for one in found.subjects], "after": found.after}
        return Response(FoundSerializer(data).data)
