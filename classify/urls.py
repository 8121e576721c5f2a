"""Pages of the classification task."""

from django.urls import path

from classify import views

app_name = "classify"
urlpatterns = [
    path("", views.index, name="index"),
    path("<slug:slug>/", views.classify, name="workflow"),
]
