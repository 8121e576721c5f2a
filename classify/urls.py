"""Pages of the classification task."""

from django.urls import path

from classify import team_views, teaching_views, views

app_name = "classify"
urlpatterns = [
    path("", views.index, name="index"),
    path("pictures/<str:public_id>.webp", teaching_views.picture, name="picture"),
    path("subjects/<int:pk>/votes/", team_views.votes, name="votes"),
    path("<slug:slug>/", views.classify, name="workflow"),
]
