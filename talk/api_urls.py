"""REST addresses of Talk, under /api/."""

from django.urls import path

from talk.api import boards, collections, comments, personal, tags

urlpatterns = [
    path("talk/boards/", boards.BoardList.as_view(), name="talk-boards"),
    path("talk/boards/<slug:slug>/discussions/", boards.BoardDiscussions.as_view(), name="talk-board-discussions"),
    path("talk/discussions/", boards.DiscussionStart.as_view(), name="talk-discussion-start"),
    path("talk/discussions/<int:pk>/", boards.DiscussionDetail.as_view(), name="talk-discussion"),
    path("talk/discussions/<int:pk>/comments/", comments.DiscussionComments.as_view(), name="talk-discussion-comments"),
    path("talk/subjects/<int:pk>/comments/", comments.SubjectComments.as_view(), name="talk-comments"),
    path("talk/comments/", comments.CommentPost.as_view(), name="talk-post"),
    path("talk/comments/recent/", comments.RecentComments.as_view(), name="talk-recent"),
    path("talk/comments/<int:pk>/", comments.CommentDetail.as_view(), name="talk-comment"),
    path("talk/comments/<int:pk>/upvote/", comments.CommentUpvote.as_view(), name="talk-upvote"),
    path("talk/comments/<int:pk>/report/", comments.CommentReport.as_view(), name="talk-report"),
    path("talk/tags/", tags.TagList.as_view(), name="talk-tags"),
    path("talk/tags/<slug:name>/subjects/", tags.TagSubjects.as_view(), name="talk-tag-subjects"),
    path("talk/tags/<slug:name>/comments/", tags.TagComments.as_view(), name="talk-tag-comments"),
    path("talk/search/", tags.Search.as_view(), name="talk-search"),
    path("talk/collections/", collections.PublicCollections.as_view(), name="talk-collections"),
    path("talk/collections/mine/", collections.OwnCollections.as_view(), name="talk-collections-mine"),
    path("talk/collections/<uuid:public_id>/", collections.CollectionDetail.as_view(), name="talk-collection"),
    path(
        "talk/collections/<uuid:public_id>/subjects/",
        collections.CollectionSubjects.as_view(),
        name="talk-collection-subjects",
    ),
    path("talk/collections/<uuid:public_id>/collect/", collections.Collect.as_view(), name="talk-collect"),
    path("talk/follows/", personal.Follows.as_view(), name="talk-follows"),
    path("talk/notifications/", personal.Notifications.as_view(), name="talk-notifications"),
    path("talk/notifications/read/", personal.NotificationsRead.as_view(), name="talk-notifications-read"),
    path("talk/e-mails/", personal.MailChoices.as_view(), name="talk-mail-choices"),
    path("talk/messages/", personal.Conversations.as_view(), name="talk-conversations"),
    path("talk/messages/<str:username>/", personal.ConversationMessages.as_view(), name="talk-messages"),
]
