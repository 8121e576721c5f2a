"""What moderators fill in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from talk.access import accesses_of, boards_readable
from talk.acts import WHY_MAX
from talk.board_setup import BoardValues
from talk.models import Access, Board

LASTS: dict[str, tuple[Any, timedelta | None]] = {
    "1": (_("a day"), timedelta(days=1)),
    "7": (_("a week"), timedelta(days=7)),
    "30": (_("thirty days"), timedelta(days=30)),
    "for_good": (_("for good"), None),
}
"""How long a suspension lasts."""


def _why(required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=_("Why"),
        max_length=WHY_MAX,
        required=required,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Say why: the reason is kept, and people are told it.")},
    )


class ReportDecisionForm(forms.Form):
    """What to do about a reported comment or message; several things at once."""

    ACTS = {
        "hide": _("Hide the comment"),
        "warn": _("Warn the author"),
        "lock": _("Close the conversation"),
        "suspend": _("Suspend the author"),
    }
    acts = forms.MultipleChoiceField(
        label=_("What to do"), choices=list(ACTS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )
    lasts = forms.ChoiceField(
        label=_("Suspend for"), choices=[(key, said) for key, (said, _lasts) in LASTS.items()], required=False
    )
    why = _why(required=False)

    def __init__(self, *args: Any, about_message: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if about_message:  # there is nothing of it to hide or close
            self.fields["acts"].choices = [(act, said) for act, said in self.ACTS.items() if act in ("warn", "suspend")]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Acts need a reason, a suspension a length."""
        data = super().clean() or {}
        if data.get("acts") and not data.get("why"):
            self.add_error("why", _("Say why: the reason is kept, and people are told it."))
        if "suspend" in data.get("acts", []) and data.get("lasts") not in LASTS:
            self.add_error("lasts", _("Say for how long."))
        return data


class PersonForm(forms.Form):
    """A warning, a suspension or its end."""

    ACTS = {"warn": _("Warn"), "suspend": _("Suspend"), "lift": _("End the suspension")}
    act = forms.ChoiceField(choices=list(ACTS.items()))
    lasts = forms.ChoiceField(
        label=_("If you suspend, for"), choices=[(key, said) for key, (said, _lasts) in LASTS.items()], required=False
    )
    why = _why()

    def clean(self) -> dict[str, Any]:
        """A suspension has a length."""
        data = super().clean() or {}
        if data.get("act") == "suspend" and data.get("lasts") not in LASTS:
            self.add_error("lasts", _("Say for how long."))
        return data


class DiscussionActForm(forms.Form):
    """What to do with a discussion, and why."""

    ACTS = ("lock", "unlock", "stick", "unstick", "hide", "show", "move")
    act = forms.ChoiceField(choices=[(act, act) for act in ACTS])
    board = forms.ModelChoiceField(label=_("Board"), queryset=Board.objects.none(), required=False)
    why = _why(required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        boards = boards_readable(by).filter(is_notes=False).order_by("position", "title")
        self.fields["board"].queryset = boards  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """To move one must say where to."""
        data = super().clean() or {}
        if data.get("act") == "move" and data.get("board") is None:
            self.add_error("board", _("Choose a board."))
        return data


class BoardForm(forms.Form):
    """A board: what it is for, where it lies, who reads and writes."""

    title = forms.CharField(label=_("Title"), max_length=120)
    slug = forms.SlugField(
        label=_("Address"),
        max_length=50,
        help_text=_("Small letters, digits and dashes; it stands in the address and stays."),
    )
    description = forms.CharField(
        label=_("What it is for"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    parent = forms.ModelChoiceField(
        label=_("Lies in"), queryset=Board.objects.none(), required=False, empty_label=_("no other board")
    )
    position = forms.IntegerField(
        label=_("Position"),
        min_value=0,
        max_value=1000,
        initial=0,
        help_text=_("Boards with lower numbers come first."),
    )
    read = forms.ChoiceField(label=_("Who may read"))
    write = forms.ChoiceField(label=_("Who may write"), help_text=_("Of those who may read."))

    def __init__(self, *args: Any, by: User, board: Board | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parents = boards_readable(by).filter(parent=None, is_notes=False).order_by("position", "title")
        self.fields["parent"].queryset = parents.exclude(pk=board.pk) if board else parents  # type: ignore[attr-defined]
        mine = accesses_of(by)
        self.fields["read"].choices = [(one.value, one.label) for one in Access if one in mine]  # type: ignore[attr-defined]
        mine += [board.write] if board else []  # what stands may stay
        self.fields["write"].choices = [(one.value, one.label) for one in Access if one in mine]  # type: ignore[attr-defined]
        if board is not None:
            del self.fields["slug"]
        if board is not None and board.is_notes:
            del self.fields["parent"]
            self.fields["read"].choices = [(Access.EVERYONE.value, Access.EVERYONE.label)]  # type: ignore[attr-defined]

    def values(self) -> BoardValues:
        """What was filled in."""
        data = self.cleaned_data
        named = {name: data[name] for name in ("title", "description", "read", "write", "position")}
        return BoardValues(**named, parent=data.get("parent"))
