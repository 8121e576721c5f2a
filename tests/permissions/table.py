"""Who may use each address of the site. A new address fails the test until it is listed here."""

ADMIN_SITE = "admin:"  # Django's own, staff only: tested apart

# Addresses of packages, with their own well-tested rules.
FOREIGN: set[str] = set()

ACCESS: dict[str, str] = {}
