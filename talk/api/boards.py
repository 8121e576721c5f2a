"""REST of boards and their discussions."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import account_of
from accounts.permissions import Public, SignedIn
from talk import selectors, services
from talk.access import board_for, boards_readable, discussion_for, discussions_readable
from talk.api.serializers import (
    BoardSerializer,
    CommentSerializer,
    DiscussionSerializer,
    NewDiscussionSerializer,
)
from talk.api.shared import refusals
from talk.models import Board, Discussion


class BoardList(APIView):
    """The boards that one may read, by position, the notes first."""

    permission_classes = [Public]
    throttle_scope = "read"

    @extend_schema(responses=BoardSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows: QuerySet[Board] = boards_readable(request.user).select_related("parent")
        return Response(BoardSerializer(rows.order_by("-is_notes", "position", "title"), many=True).data)


class BoardDiscussions(generics.ListAPIView):
    """The discussions of a board with something to read, by their newest comment."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = DiscussionSerializer
    ordering = ("-last_comment_at", "-pk")
    queryset = Discussion.objects.none()

    def get_queryset(self) -> QuerySet[Discussion]:
        board = board_for(self.request.user, self.kwargs["slug"])
        rows = discussions_readable(self.request.user).filter(board=board, comments_count__gt=0)
        return rows.select_related("started_by")


class DiscussionDetail(APIView):
    """One discussion."""

    permission_classes = [Public]
    throttle_scope = "read"

    @extend_schema(responses=DiscussionSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(DiscussionSerializer(discussion_for(request.user, pk)).data)


class DiscussionStart(APIView):
    """Start a discussion with its first comment, which is the answer. With a ``key``, a repeat answers 200."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(request=NewDiscussionSerializer, responses={201: CommentSerializer, 200: CommentSerializer})
    def post(self, request: Request) -> Response:
        given = NewDiscussionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        author = account_of(request._request)
        data = dict(given.validated_data)
        known = selectors.comment_with_key(author, data.get("key"))
        data["board"] = board_for(author, data["board"])
        with refusals():
            comment = services.discussion_start(author=author, **data)
        repeat = known is not None and known.pk == comment.pk
        return Response(CommentSerializer(comment).data, status=200 if repeat else 201)
