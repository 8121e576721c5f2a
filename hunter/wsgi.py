"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from hunter import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hunter.settings")
servers.ensure()
application = get_wsgi_application()
