"""Static files get content hashes in their names, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStatic(CompressedManifestStaticFilesStorage):
    """Rewrites the imports of our own ES modules; other packages' files keep theirs.

    (django-htmx ships JSDoc ``import("../htmx")`` comments that Django's pattern takes for imports.)
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
