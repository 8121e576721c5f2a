"""Addresses of Talk, under /talk/."""

from django.urls import path

from talk.views import boards, comments, lists, subjects

app_name = "talk"
urlpatterns = [
    path("", lists.index, name="index"),
    path("recent/", lists.recent, name="recent"),
    path("boards/<slug:slug>/", boards.board, name="board"),
    path("tags/<slug:name>/", lists.tag, name="tag"),
    path("subjects/<int:pk>/", subjects.subject, name="subject"),
    path("subjects/<int:pk>/post/", comments.comment_post, name="comment_post"),
    path("subjects/<int:pk>/lock/", comments.discussion_lock, name="discussion_lock"),
    path("cutouts/<uuid:public_id>/", subjects.cutout, name="cutout"),
    path("comments/<int:pk>/", comments.comment, name="comment"),
    path("comments/<int:pk>/edit/", comments.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/delete/", comments.comment_delete, name="comment_delete"),
    path("preview/", comments.preview, name="preview"),
]
