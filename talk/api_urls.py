"""REST addresses of Talk, under /api/."""

from django.urls import path

from talk import api

urlpatterns = [
    path("talk/subjects/<int:pk>/comments/", api.SubjectComments.as_view(), name="talk-comments"),
    path("talk/comments/", api.CommentPost.as_view(), name="talk-post"),
    path("talk/tags/", api.TagList.as_view(), name="talk-tags"),
]
