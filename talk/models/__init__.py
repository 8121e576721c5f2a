"""Talk: boards, discussions, comments, hashtags; what people follow and are told; moderation; collections."""

from talk.models.boards import ROLE_FOR, SEARCH_CONFIG, Access, Board, Discussion
from talk.models.collections import Collection, CollectionItem
from talk.models.comments import Comment, Mention, Upvote
from talk.models.following import (
    Category,
    Digest,
    Follow,
    Level,
    Mail,
    MailChoice,
    Notification,
    ReadMark,
    ToTell,
)
from talk.models.messages import Block, Conversation, Message
from talk.models.moderation import ModerationAct, Report, Suspension
from talk.models.tags import Tag, TaggedSubject, TagUse

__all__ = [
    "ROLE_FOR",
    "SEARCH_CONFIG",
    "Access",
    "Block",
    "Board",
    "Category",
    "Collection",
    "CollectionItem",
    "Comment",
    "Conversation",
    "Digest",
    "Discussion",
    "Follow",
    "Level",
    "Mail",
    "MailChoice",
    "Mention",
    "Message",
    "ModerationAct",
    "Notification",
    "ReadMark",
    "Report",
    "Suspension",
    "Tag",
    "TagUse",
    "TaggedSubject",
    "ToTell",
    "Upvote",
]
