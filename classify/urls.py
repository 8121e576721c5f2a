"""Pages of the classification task."""

from django.urls import path

from classify import teaching_views, team_views, views

app_name = "classify"
urlpatterns = [
    path("", views.index, name="index"),
    path("pictures/<str:public_id>.webp", teaching_views.picture, name="picture"),
    path("subjects/<int:pk>/votes/", team_views.votes, name="votes"),
    path("favourites/<int:subject>/", teaching_views.favourite, name="favourite"),
    path("<slug:slug>/", views.classify, name="workflow"),
    path("<slug:slug>/guide/", teaching_views.guide, name="guide"),
    path("<slug:slug>/training/", views.classify, {"training": True}, name="training"),
    path("<slug:slug>/tutorial-seen/", teaching_views.tutorial_seen, name="tutorial_seen"),
]
