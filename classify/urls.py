"""Pages of the classification task."""

from django.urls import path

from classify import teaching_views, views

app_name = "classify"
urlpatterns = [
    path("", views.index, name="index"),
    path("pictures/<str:public_id>.webp", teaching_views.picture, name="picture"),
    path("<slug:slug>/", views.classify, name="workflow"),
]
