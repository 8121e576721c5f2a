#!/usr/bin/env python
"""The door to every command: `manage.py help` lists them."""

import os
import secrets
import signal
import sys

# These need no database, so they start no server.
WITHOUT_SERVERS = {"", "help", "--help", "-h", "--version", "check", "collectstatic", "makemessages", "compilemessages"}
WITHOUT_SERVERS |= {"makemigrations", "simulate", "train", "search_architecture", "spectacular", "score"}
WITHOUT_SERVERS |= {"fit_distance", "satellite_fractions", "ephemeris", "match", "import_orbits"}
# These keep nothing: a key for this run alone, and settings need no data folder to keep one in.
WITHOUT_DATA = {"score", "fit_distance", "satellite_fractions", "ephemeris", "match"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hunter.settings")
    from hunter import servers

    # Asked to end, leave in order: the last process out stops the embedded servers.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in WITHOUT_DATA and not os.environ.get("PRODUCTION"):
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    if needs_servers(sys.argv[1:]):
        try:
            servers.ensure()
        except servers.EmbeddedServerError as error:
            sys.exit(f"error: {error}")
        if "DATABASE_URL" not in os.environ and command not in ("migrate", "demo"):
            _prepare_new_database()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def needs_servers(words: list[str]) -> bool:
    """Whether a command reads the database. To evaluate a file does not; to evaluate a registered model does."""
    command = words[0] if words else ""
    if command == "evaluate_model":
        registered = len(words) > 1 and not words[1].startswith("-") and not words[1].endswith(".onnx")
        return registered and "--help" not in words
    return command not in WITHOUT_SERVERS and "--help" not in words


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
