from django.urls import path

from ml import loop_views, views

app_name = "ml"
urlpatterns = [
    path("", views.index, name="index"),
    path("prescreen/", views.prescreen, name="prescreen"),
    path("register/", views.register, name="register"),
    path("roll-back/", views.roll_back, name="roll_back"),
    path("train/", loop_views.train, name="train"),
    path("work/", loop_views.work, name="work"),
    path("compare/", loop_views.compare, name="compare"),
    path("<int:model_id>/", views.detail, name="detail"),
    path("<int:model_id>/activate/", views.activate, name="activate"),
    path("<int:model_id>/score/", loop_views.score, name="score"),
    path("<int:model_id>/disagreements/", loop_views.disagreements, name="disagreements"),
]
