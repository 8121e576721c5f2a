"""REST of Talk: read the comments of a subject, post one, popular tags."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import account_of
from accounts.permissions import Public, SignedIn
from classify.models import Subject
from talk import limits, selectors, services
from talk.errors import Refused
from talk.markdown import comment_html
from talk.mentions import MENTIONED, mention_links
from talk.models import Comment

MOST_TAGS = 100
STATUS = {"locked": status.HTTP_409_CONFLICT, "too_fast": status.HTTP_429_TOO_MANY_REQUESTS}


class Refusal(exceptions.APIException):
    """A refused post, in the one error shape."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message, refused.code)
        self.status_code = STATUS.get(refused.code, status.HTTP_400_BAD_REQUEST)


class CommentSerializer(serializers.ModelSerializer):
    """A comment as everybody may read it."""

    subject = serializers.IntegerField(source="discussion.subject_id")
    author = serializers.SerializerMethodField(help_text="Name of the author; empty for a former member.")
    html = serializers.SerializerMethodField(help_text="The body rendered as sanitised HTML.")

    class Meta:
        model = Comment
        fields = ["id", "subject", "author", "body", "html", "created_at", "edited_at"]

    def get_author(self, comment: Comment) -> str:
        return comment.author.username if comment.author and not comment.author.left_at else ""

    def get_html(self, comment: Comment) -> str:
        return comment_html(comment.body, mention_links(comment))


class NewCommentSerializer(serializers.Serializer):
    """A comment to post."""

    subject = serializers.PrimaryKeyRelatedField(
        queryset=Subject.objects.all(), pk_field=serializers.IntegerField(min_value=1, max_value=2**62)
    )
    body = serializers.CharField(max_length=limits.MAX_CHARACTERS)
    key = serializers.UUIDField(required=False, help_text="Your own id of this comment; sending it twice posts once.")


class TagSerializer(serializers.Serializer):
    """A tag and how many comments use it."""

    name = serializers.CharField()
    uses_count = serializers.IntegerField()


class SubjectComments(generics.ListAPIView):
    """The comments on one subject, newest first; deleted ones are left out."""

    permission_classes = [Public]
    throttle_scope = "read"
    serializer_class = CommentSerializer
    queryset = Comment.objects.none()

    def get_queryset(self) -> QuerySet[Comment]:
        subject = get_object_or_404(Subject, pk=self.kwargs["pk"])
        return (
            Comment.objects.filter(discussion__subject=subject, deleted_at=None)
            .select_related("author", "discussion")
            .prefetch_related(MENTIONED)
        )


class CommentPost(APIView):
    """Post a comment on a subject. With a ``key``, a repeat answers 200 with the first one."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(request=NewCommentSerializer, responses={201: CommentSerializer, 200: CommentSerializer})
    def post(self, request: Request) -> Response:
        given = NewCommentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        key = given.validated_data.get("key")
        author = account_of(request._request)
        known = selectors.comment_with_key(author, key)
        try:
            comment = services.comment_post(author=author, **given.validated_data)
        except Refused as refused:
            raise Refusal(refused) from None
        repeat = known is not None and known.pk == comment.pk
        return Response(CommentSerializer(comment).data, status=200 if repeat else 201)


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
        limit = _whole(request, "limit", 10)
        subject = None
        if "subject" in request.query_params:
            subject = get_object_or_404(Subject, pk=_whole(request, "subject", 0))
        tags = selectors.tags_popular(limit=min(max(limit, 1), MOST_TAGS), subject=subject)
        return Response(TagSerializer(tags, many=True).data)


def _whole(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, str(default))
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise serializers.ValidationError({name: [f"{name} is a whole number."]})
    return int(given)
