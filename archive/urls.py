from django.urls import path

from archive import image_views, views

app_name = "archive"
urlpatterns = [
    path("archive/", views.index, name="index"),
    path("archive/files/", views.files, name="files"),
    path("archive/ingest/", views.ingest, name="ingest"),
    path("archive/observations/<str:name>/", views.observation, name="observation"),
    path("archive/cutouts/<uuid:public_id>.fits", image_views.cutout_fits, name="cutout_fits"),
    path("images/<uuid:public_id>.jpg", image_views.image, name="image"),
    path("images/<uuid:public_id>.webp", image_views.image_rg16, name="image_rg16"),
]
