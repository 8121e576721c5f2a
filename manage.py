#!/usr/bin/env python
"""The door to every command: `manage.py help` lists them."""

import os
import signal
import sys

# These need no database, so they start no server.
WITHOUT_SERVERS = {"", "help", "--help", "-h", "--version", "check", "collectstatic", "makemessages", "compilemessages"}
WITHOUT_SERVERS |= {"makemigrations", "simulate", "train", "evaluate_model", "spectacular"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hunter.settings")
    from hunter import servers

    # Asked to end, leave in order: the last process out stops the embedded servers.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command not in WITHOUT_SERVERS and "--help" not in sys.argv:
        try:
            servers.ensure()
        except servers.EmbeddedServerError as error:
            sys.exit(f"error: {error}")
        if "DATABASE_URL" not in os.environ and command not in ("migrate", "demo"):
            _prepare_new_database()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def _prepare_new_database() -> None:
    """The embedded database of a new data folder gets its tables by itself, whatever the first command is."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    if "django_migrations" not in connection.introspection.table_names():
        print("Preparing the database of this data folder (first use)", file=sys.stderr)
        call_command("migrate", verbosity=0, interactive=False)


if __name__ == "__main__":
    main()
