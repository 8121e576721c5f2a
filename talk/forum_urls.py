"""Addresses of boards, discussions, comments and moderation, under /talk/."""

from django.urls import path

from talk.views import blocks, board_setup, boards, comments, moderation

urlpatterns = [
    path("boards/<slug:slug>/", boards.board, name="board"),
    path("boards/<slug:slug>/start/", boards.discussion_start, name="discussion_start"),
    path("discussions/<int:pk>/", boards.discussion, name="discussion"),
    path("discussions/<int:pk>/post/", comments.discussion_post, name="discussion_post"),
    path("discussions/<int:pk>/moderate/", moderation.discussion, name="discussion_moderate"),
    path("subjects/<int:pk>/post/", comments.comment_post, name="comment_post"),
    path("comments/<int:pk>/", comments.comment, name="comment"),
    path("comments/<int:pk>/edit/", comments.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/history/", comments.comment_history, name="comment_history"),
    path("comments/<int:pk>/quote/", comments.comment_quote, name="comment_quote"),
    path("comments/<int:pk>/upvote/", comments.comment_upvote, name="comment_upvote"),
    path("comments/<int:pk>/report/", moderation.comment_report, name="comment_report"),
    path("comments/<int:pk>/delete/", comments.comment_delete, name="comment_delete"),
    path("comments/<int:pk>/restore/", moderation.comment_restore, name="comment_restore"),
    path("preview/", comments.preview, name="preview"),
    path("blocks/", blocks.blocks, name="blocks"),
    path("moderation/", moderation.queue, name="moderation"),
    path("moderation/reports/<int:pk>/", moderation.report, name="report"),
    path("moderation/log/", moderation.log, name="moderation_log"),
    path("moderation/people/<str:username>/", moderation.person, name="moderation_person"),
    path("moderation/boards/", board_setup.boards, name="board_setup"),
    path("moderation/boards/new/", board_setup.board_new, name="board_new"),
    path("moderation/boards/<slug:slug>/", board_setup.board_edit, name="board_edit"),
]
