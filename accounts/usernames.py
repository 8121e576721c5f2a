"""Which names people may choose at sign-up: plain, no look-alikes of other alphabets, none that sounds official."""

from __future__ import annotations

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

MOST_CHARACTERS = 40
OURS = re.compile(r"(former|not[._-]*logged[._-]*in)[._-]", re.IGNORECASE)  # how the site itself calls the nameless


def not_reserved(name: str) -> None:
    """Refuse a name that the site keeps for itself, also with separators in it ("ad.min").

    Raises
    ------
    ValidationError
        The name is reserved.
    """
    reserved = {reserved.lower() for reserved in settings.ACCOUNT_USERNAME_BLACKLIST}
    if re.sub(r"[._-]", "", name.lower()) in reserved or OURS.match(name):
        raise ValidationError(_("This name is reserved. Choose another one."), code="reserved")


VALIDATORS = [
    RegexValidator(
        r"\A[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z",
        _("Names have the letters a to z and digits, and between them also . _ and -"),
    ),
    MaxLengthValidator(MOST_CHARACTERS),
    not_reserved,
]
