"""TEMPORARY while rooms are being built (the lead replaces this)."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

app_name = "api"
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
for _room in ("classify", "talk", "catalogue", "archive"):
    if find_spec(f"{_room}.api_urls"):
        urlpatterns += import_module(f"{_room}.api_urls").urlpatterns
