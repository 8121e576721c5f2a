"""REST of comments: read, post, change, delete, vote, report."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import account_of
from accounts.permissions import Public, SignedIn
from classify.models import Subject
from talk import selectors, services
from talk.access import comment_for, comments_readable, discussion_for
from talk.api.serializers import (
    BodySerializer,
    CommentSerializer,
    NewCommentSerializer,
    ReportSerializer,
    UpvoteSerializer,
)
from talk.api.shared import PublicToRead, refusals
from talk.mentions import MENTIONED
from talk.models import Comment
from talk.moderation import report_make
from talk.upvoting import comment_upvote


def comments_full(comments: QuerySet[Comment]) -> QuerySet[Comment]:
    """The same comments, with what their JSON needs."""
    return comments.select_related("author", "discussion").prefetch_related(MENTIONED)


class SubjectComments(generics.ListAPIView):
    """The comments on one subject, newest first; deleted ones are left out."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = CommentSerializer
    queryset = Comment.objects.none()

    def get_queryset(self) -> QuerySet[Comment]:
        subject = get_object_or_404(Subject, pk=self.kwargs["pk"])
        return comments_full(comments_readable(self.request.user).filter(discussion__subject=subject))


class DiscussionComments(generics.ListAPIView):
    """The comments of a discussion in the order they were written; deleted ones are left out."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = CommentSerializer
    ordering = ("pk",)
    queryset = Comment.objects.none()

    def get_queryset(self) -> QuerySet[Comment]:
        discussion = discussion_for(self.request.user, self.kwargs["pk"])
        return comments_full(comments_readable(self.request.user).filter(discussion=discussion))


class RecentComments(generics.ListAPIView):
    """All comments that one may read, newest first."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = CommentSerializer
    queryset = Comment.objects.none()

    def get_queryset(self) -> QuerySet[Comment]:
        return comments_full(comments_readable(self.request.user))


class CommentDetail(APIView):
    """One comment: read by everyone who may, changed by its author, deleted by its author or a moderator."""

    permission_classes = [PublicToRead]
    throttle_scope = "read"

    @extend_schema(responses=CommentSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(CommentSerializer(comment_for(request.user, pk)).data)

    @extend_schema(request=BodySerializer, responses=CommentSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        given = BodySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        comment = comment_for(request.user, pk)
        with refusals():
            services.comment_edit(comment=comment, editor=account_of(request._request), **given.validated_data)
        return Response(CommentSerializer(comment_for(request.user, pk)).data)

    @extend_schema(responses={204: None}, parameters=[OpenApiParameter("why", str, description="For moderators.")])
    def delete(self, request: Request, pk: int) -> Response:
        comment = comment_for(request.user, pk)
        why = request.query_params.get("why", "")
        with refusals():
            services.comment_delete(comment=comment, by=account_of(request._request), why=why)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CommentPost(APIView):
    """Post a comment on a subject or in a discussion. With a ``key``, a repeat answers 200 with the first one."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(request=NewCommentSerializer, responses={201: CommentSerializer, 200: CommentSerializer})
    def post(self, request: Request) -> Response:
        given = NewCommentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        author = account_of(request._request)
        known = selectors.comment_with_key(author, data.get("key"))
        if "discussion" in data:
            data["discussion"] = discussion_for(author, data["discussion"])
        if "reply_to" in data:
            data["reply_to"] = comment_for(author, data["reply_to"])
        with refusals():
            comment = services.comment_post(author=author, **data)
        repeat = known is not None and known.pk == comment.pk
        return Response(CommentSerializer(comment).data, status=200 if repeat else 201)


class CommentUpvote(APIView):
    """Vote for somebody else's comment, or take the vote back. Twice is once."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(request=UpvoteSerializer, responses=UpvoteSerializer)
    def post(self, request: Request, pk: int) -> Response:
        given = UpvoteSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        up = given.validated_data["up"]
        comment = comment_for(request.user, pk)
        with refusals():
            comment = comment_upvote(comment=comment, person=account_of(request._request), up=up)
        return Response({"up": up, "upvotes_count": comment.upvotes_count})


class CommentReport(APIView):
    """Tell the moderators that a comment should not stand. Twice is once."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(request=ReportSerializer, responses={201: ReportSerializer})
    def post(self, request: Request, pk: int) -> Response:
        given = ReportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        comment = comment_for(request.user, pk)
        with refusals():
            report_make(by=account_of(request._request), comment=comment, **given.validated_data)
        return Response(given.data, status=status.HTTP_201_CREATED)
