"""Addresses of Talk, under /talk/."""

from django.urls import path

from talk import views

app_name = "talk"
urlpatterns = [
    path("", views.index, name="index"),
    path("recent/", views.recent, name="recent"),
    path("boards/<slug:slug>/", views.board, name="board"),
    path("tags/<slug:name>/", views.tag, name="tag"),
    path("subjects/<int:pk>/", views.subject, name="subject"),
    path("subjects/<int:pk>/post/", views.comment_post, name="comment_post"),
    path("subjects/<int:pk>/lock/", views.discussion_lock, name="discussion_lock"),
    path("cutouts/<uuid:public_id>/", views.cutout, name="cutout"),
    path("comments/<int:pk>/", views.comment, name="comment"),
    path("comments/<int:pk>/edit/", views.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/delete/", views.comment_delete, name="comment_delete"),
    path("preview/", views.preview, name="preview"),
]
