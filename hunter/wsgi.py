"""The WSGI application that gunicorn serves (with ``--preload``: its processes share what is loaded here)."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from hunter import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hunter.settings")
os.environ.setdefault("DATABASE_POOL", "4")  # as many as each process has threads
servers.ensure()
application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # now, not with the first request; no connection is opened before the fork
gc.collect()
gc.freeze()  # what is loaded stays: looking at it again would take time, and unshare the memory
