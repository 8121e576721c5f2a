from django.urls import path

from ml import views

app_name = "ml"
urlpatterns = [
    path("", views.index, name="index"),
    path("prescreen/", views.prescreen, name="prescreen"),
    path("<int:model_id>/", views.detail, name="detail"),
    path("<int:model_id>/activate/", views.activate, name="activate"),
]
