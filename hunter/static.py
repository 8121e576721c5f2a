"""Static files get content hashes in their names, so that browsers may keep them for ever."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class _OwnModules:
    """Rewrites the imports of our own ES modules; other packages' files keep theirs.

    (django-htmx ships JSDoc ``import("../htmx")`` comments that Django's pattern takes for imports.)
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        ManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]
    )


class HashedStatic(_OwnModules, ManifestStaticFilesStorage):  # type: ignore[misc]
    """For one machine: the demo serves only itself, where compressing costs more than it saves."""

    keep_intermediate_files = False


class CompressedStatic(_OwnModules, CompressedManifestStaticFilesStorage):
    """For production: each file also as gzip and Brotli, made once."""
