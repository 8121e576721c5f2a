"""Talk's rows as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import User
from classify.models import Subject
from talk import services
from talk.limits import MAX_CHARACTERS
from talk.mail_choices import digests_of
from talk.markdown import comment_html
from talk.mentions import mention_links
from talk.models import (
    Board,
    Category,
    Collection,
    Comment,
    Conversation,
    Digest,
    Discussion,
    Follow,
    Level,
    Message,
    Notification,
    Report,
    Tag,
)
from talk.telling import said, target_of

MOST = 2**62
KEY_HELP = "Your own id of this; sending it twice posts once."


class NameField(serializers.CharField):
    """The name of a person; empty for a former member."""

    def __init__(self, **how: Any) -> None:
        super().__init__(read_only=True, **how)

    def get_attribute(self, instance: Any) -> str:
        person = getattr(instance, str(self.source))
        return person.username if person is not None and person.left_at is None else ""

    def to_representation(self, value: str) -> str:
        return value


class SubjectField(serializers.PrimaryKeyRelatedField):
    """A subject by its number."""

    def __init__(self, **how: Any) -> None:
        number = serializers.IntegerField(min_value=1, max_value=MOST)
        super().__init__(queryset=Subject.objects.all(), pk_field=number, **how)


class BoardSerializer(serializers.ModelSerializer):
    """A board and who may read and write on it."""

    parent: serializers.SlugRelatedField[Board] = serializers.SlugRelatedField("slug", read_only=True)  # type: ignore[assignment]

    class Meta:
        model = Board
        fields = ["id", "slug", "title", "description", "parent", "is_notes", "read", "write"]


class DiscussionSerializer(serializers.ModelSerializer):
    """A discussion; ``subject`` is what it is about, if anything."""

    board: serializers.SlugRelatedField[Board] = serializers.SlugRelatedField("slug", read_only=True)
    subject = serializers.IntegerField(source="subject_id", allow_null=True)
    started_by = NameField()

    class Meta:
        model = Discussion
        fields = [
            "id", "board", "title", "subject", "started_by", "sticky", "locked", "comments_count", "last_comment_at",
            "created_at",
        ]  # fmt: skip


class NewDiscussionSerializer(serializers.Serializer):
    """A discussion to start, with its first comment."""

    board = serializers.SlugField()
    title = serializers.CharField(min_length=services.TITLE_MIN, max_length=services.TITLE_MAX)
    body = serializers.CharField(max_length=MAX_CHARACTERS)
    subject = SubjectField(required=False)
    key = serializers.UUIDField(required=False, help_text=KEY_HELP)


class CommentSerializer(serializers.ModelSerializer):
    """A comment; ``subject`` is what its discussion is about, if anything."""

    discussion = serializers.IntegerField(source="discussion_id")
    subject = serializers.IntegerField(source="discussion.subject_id", allow_null=True)
    author = NameField(help_text="Name of the author; empty for a former member.")
    html = serializers.SerializerMethodField(help_text="The body rendered as sanitised HTML.")
    reply_to = serializers.IntegerField(source="reply_to_id", allow_null=True)

    class Meta:
        model = Comment
        fields = [
            "id", "discussion", "subject", "author", "body", "html", "reply_to", "upvotes_count", "created_at",
            "edited_at",
        ]  # fmt: skip

    def get_html(self, comment: Comment) -> str:
        return comment_html(comment.body, mention_links(comment))


class NewCommentSerializer(serializers.Serializer):
    """A comment to post: on a subject, or in a discussion."""

    subject = SubjectField(required=False)
    discussion = serializers.IntegerField(required=False, min_value=1, max_value=MOST)
    reply_to = serializers.IntegerField(required=False, min_value=1, max_value=MOST)
    body = serializers.CharField(max_length=MAX_CHARACTERS)
    key = serializers.UUIDField(required=False, help_text=KEY_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("subject" in attrs) == ("discussion" in attrs):
            raise serializers.ValidationError({"discussion": ["Name either a subject or a discussion."]})
        return attrs


class BodySerializer(serializers.Serializer):
    """A new text."""

    body = serializers.CharField(max_length=MAX_CHARACTERS)


class UpvoteSerializer(serializers.Serializer):
    """A vote for a comment, or one taken back."""

    up = serializers.BooleanField(default=True)
    upvotes_count = serializers.IntegerField(read_only=True)


class ReportSerializer(serializers.Serializer):
    """Why something should not stand."""

    reason = serializers.ChoiceField(choices=Report.Reason.choices)
    text = serializers.CharField(max_length=500, required=False, allow_blank=True)


class TagSerializer(serializers.Serializer):
    """A tag and how many comments use it."""

    name = serializers.CharField()
    uses_count = serializers.IntegerField()


class TaggedSubjectSerializer(serializers.Serializer):
    """A subject with a tag: in how many comments, by how many people."""

    subject = serializers.IntegerField(source="subject_id")
    uses_count = serializers.IntegerField()
    people_count = serializers.IntegerField()


class CollectionSerializer(serializers.ModelSerializer):
    """A collection of subjects. A private one only its owner sees."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    owner = NameField()
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)

    class Meta:
        model = Collection
        fields = ["id", "owner", "title", "description", "is_public", "subjects_count", "changed_at"]
        read_only_fields = ["subjects_count", "changed_at"]


class CollectSerializer(serializers.Serializer):
    """A subject to put into a collection, or to take out."""

    subject = SubjectField()
    inside = serializers.BooleanField(default=True, help_text="false takes it out")


class CollectedSerializer(serializers.Serializer):
    """A subject in a collection."""

    subject = serializers.IntegerField(source="subject_id")
    added_at = serializers.DateTimeField()


class FollowSerializer(serializers.ModelSerializer):
    """What a person follows: a discussion, a board or a tag, and how closely."""

    level = serializers.ChoiceField(choices=[(level.value, level.name.lower()) for level in Level])
    board: serializers.SlugRelatedField[Board] = serializers.SlugRelatedField("slug", read_only=True)
    tag: serializers.SlugRelatedField[Tag] = serializers.SlugRelatedField("name", read_only=True)

    class Meta:
        model = Follow
        fields = ["discussion", "board", "tag", "level"]
        read_only_fields = ["discussion"]


class NewFollowSerializer(serializers.Serializer):
    """One of a discussion, a board or a tag, and the level: 0 muted, 1 normal, 2 tracking, 3 watching."""

    discussion = serializers.IntegerField(required=False, min_value=1, max_value=MOST)
    board = serializers.SlugField(required=False)
    tag = serializers.CharField(required=False, max_length=40)
    level = serializers.ChoiceField(choices=[(level.value, level.name.lower()) for level in Level])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 2:
            raise serializers.ValidationError({"discussion": ["Name one of a discussion, a board and a tag."]})
        return attrs


class NotificationSerializer(serializers.ModelSerializer):
    """Something a person was told, in words, and where it leads."""

    line = serializers.SerializerMethodField()
    excerpt = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField(help_text="Within the site.")

    class Meta:
        model = Notification
        fields = ["id", "category", "line", "excerpt", "address", "read_at", "created_at"]

    def get_line(self, row: Notification) -> str:
        return said(row).line

    def get_excerpt(self, row: Notification) -> str:
        return said(row).excerpt

    def get_address(self, row: Notification) -> str:
        return target_of(row)


class ReadSerializer(serializers.Serializer):
    """Up to which notification everything is read; all of them unless told."""

    up_to = serializers.IntegerField(required=False, min_value=1, max_value=MOST)
    read = serializers.IntegerField(read_only=True)


class MailChoicesSerializer(serializers.Serializer):
    """When e-mails come, for each category that is named."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {one.value: serializers.ChoiceField(choices=Digest.choices, required=False) for one in Category}

    @staticmethod
    def of(person: User) -> dict[str, str]:
        """All choices of a person."""
        return digests_of(person)


class MessageSerializer(serializers.ModelSerializer):
    """A private message."""

    author = NameField()

    class Meta:
        model = Message
        fields = ["id", "author", "body", "created_at"]


class NewMessageSerializer(BodySerializer):
    """A private message to send."""

    key = serializers.UUIDField(required=False, help_text=KEY_HELP)


class ConversationSerializer(serializers.ModelSerializer):
    """With whom a person writes, and whether there is something new."""

    person = serializers.SerializerMethodField()
    unread = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields = ["person", "unread", "last_message_at"]

    def get_person(self, row: Conversation) -> str:
        other = row.second if row.first_id == self.context["request"].user.pk else row.first
        return other.username if other.left_at is None else ""

    def get_unread(self, row: Conversation) -> bool:
        return bool(row.last_id > row.read)  # type: ignore[attr-defined]
