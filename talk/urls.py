"""Addresses of Talk, under /talk/."""

from django.urls import path

from talk import forum_urls, personal_urls
from talk.views import collections, completing, lists, recents, searching, subjects, tags

app_name = "talk"
urlpatterns = [
    *forum_urls.urlpatterns,
    *personal_urls.urlpatterns,
    path("", lists.index, name="index"),
    path("recent/", recents.recent, name="recent"),
    path("complete/", completing.complete, name="complete"),
    path("search/", searching.search, name="search"),
    path("tags/<slug:name>/", tags.tag, name="tag"),
    path("tags/<slug:name>/images.<str:fmt>", tags.tag_file, name="tag_file"),
    path("tags/<slug:name>/spellings/", tags.tag_spellings, name="tag_spellings"),
    path("collections/", collections.collections, name="collections"),
    path("collections/new/", collections.collection_new, name="collection_new"),
    path("collections/favourites/", collections.favourites, name="favourites"),
    path("collections/<uuid:public_id>/", collections.collection, name="collection"),
    path("collections/<uuid:public_id>/edit/", collections.collection_edit, name="collection_edit"),
    path("collections/<uuid:public_id>/delete/", collections.collection_delete, name="collection_delete"),
    path("collections/<uuid:public_id>/without/<int:pk>/", collections.uncollect, name="uncollect"),
    path("subjects/<int:pk>/collect/", collections.collect, name="collect"),
    path("spellings/", tags.spellings, name="spellings"),
    path("subjects/<int:pk>/", subjects.subject, name="subject"),
    path("subjects/<int:pk>/thumbnail/", subjects.thumbnail, name="thumbnail"),
    path("cutouts/<uuid:public_id>/", subjects.cutout, name="cutout"),
]
