"""All REST addresses, room by room, with their schema and documentation."""

from django.urls import URLPattern, URLResolver, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from catalogue.api_urls import urlpatterns as catalogue
from classify.api_urls import urlpatterns as classify
from talk.api_urls import urlpatterns as talk

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    *classify,
    *talk,
    *catalogue,
]
