"""REST of what concerns one person: what they follow, what they were told, e-mails, private messages."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import account_of
from accounts.models import User
from accounts.permissions import SignedIn
from talk import following, messaging, selectors
from talk.access import board_for, discussion_for
from talk.api.serializers import (
    ConversationSerializer,
    FollowSerializer,
    MailChoicesSerializer,
    MessageSerializer,
    NewFollowSerializer,
    NewMessageSerializer,
    NotificationSerializer,
    ReadSerializer,
)
from talk.api.shared import refusals
from talk.mail_choices import mail_choices_set
from talk.models import Conversation, Digest, Follow, Level, Message, Notification


class Follows(generics.ListAPIView):
    """What one follows, the newest choice first; set a level."""

    permission_classes = [SignedIn]
    throttle_scope = "write"
    serializer_class = FollowSerializer
    queryset = Follow.objects.none()

    def get_queryset(self) -> QuerySet[Follow]:
        return following.follows_readable(account_of(self.request)).select_related("board", "tag")

    @extend_schema(request=NewFollowSerializer, responses=NewFollowSerializer)
    def post(self, request: Request) -> Response:
        given = NewFollowSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        person = account_of(request._request)
        what = _followed(person, given.validated_data)
        following.follow_set(person=person, what=what, level=Level(given.validated_data["level"]))
        return Response(given.data)


class Notifications(generics.ListAPIView):
    """What one was told, the newest first."""

    permission_classes = [SignedIn]
    throttle_scope = "read"
    serializer_class = NotificationSerializer
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        return following.notifications_full(Notification.objects.filter(person=account_of(self.request)))


class NotificationsRead(APIView):
    """Mark what one was told as read; how many were unread."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(request=ReadSerializer, responses=ReadSerializer)
    def post(self, request: Request) -> Response:
        given = ReadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        read = following.notifications_read(account_of(request._request), up_to=given.validated_data.get("up_to"))
        return Response(given.validated_data | {"read": read})


class MailChoices(APIView):
    """When one gets e-mails, for each category; change some."""

    permission_classes = [SignedIn]
    throttle_scope = "write"

    @extend_schema(responses=MailChoicesSerializer)
    def get(self, request: Request) -> Response:
        return Response(MailChoicesSerializer.of(account_of(request._request)))

    @extend_schema(request=MailChoicesSerializer, responses=MailChoicesSerializer)
    def post(self, request: Request) -> Response:
        given = MailChoicesSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        person = account_of(request._request)
        mail_choices_set(person=person, digests={name: Digest(value) for name, value in given.validated_data.items()})
        return Response(MailChoicesSerializer.of(person))


@extend_schema_view(get=extend_schema(operation_id="talk_conversations_list"))
class Conversations(generics.ListAPIView):
    """With whom one writes, the newest message first."""

    permission_classes = [SignedIn]
    throttle_scope = "read"
    serializer_class = ConversationSerializer
    ordering = ("-last_message_at", "-pk")
    queryset = Conversation.objects.none()

    def get_queryset(self) -> QuerySet[Conversation]:
        return messaging.conversations_with_state(account_of(self.request))


class ConversationMessages(generics.ListAPIView):
    """What one wrote with somebody, newest first, which marks nothing as read; write to them."""

    permission_classes = [SignedIn]
    throttle_scope = "write"
    serializer_class = MessageSerializer
    queryset = Message.objects.none()

    def get_queryset(self) -> QuerySet[Message]:
        person = account_of(self.request)
        conversation = messaging.conversation_between(person, _other(person, self.kwargs["username"]))
        rows = Message.objects.filter(conversation=conversation) if conversation else Message.objects.none()
        return rows.select_related("author")

    @extend_schema(request=NewMessageSerializer, responses={201: MessageSerializer})
    def post(self, request: Request, username: str) -> Response:
        given = NewMessageSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        author = account_of(request._request)
        with refusals():
            message = messaging.message_send(author=author, to=_other(author, username), **given.validated_data)
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)


def _other(person: User, username: str) -> User:
    found = messaging.person_to_write_to(person, username)
    if found is None:
        raise Http404
    return found


def _followed(person: User, given: dict[str, object]) -> following.Followed:
    if "discussion" in given:
        return discussion_for(person, int(str(given["discussion"])))
    if "board" in given:
        return board_for(person, str(given["board"]))
    tag = selectors.tag_named(str(given["tag"]))
    if tag is None:
        raise Http404
    return tag
