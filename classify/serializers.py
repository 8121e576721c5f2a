"""What goes over the wire of the classification task."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext
from rest_framework import serializers

from classify.annotations import MOST_MARKS
from classify.models import Consensus, Subject, Workflow
from classify.selectors import shown_metadata, subject_for_viewer
from classify.services import MAX_METADATA_BYTES
from classify.texts import workflow_texts
from classify.training import Feedback

VERSION_FORM = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}")
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANSWER_FORM = re.compile(r"[A-Za-z0-9_-]{1,40}")
MAX_METADATA_DEPTH = 8
MOST_FRAMES = 10  # of a subject, whatever is shown one day


def _depth(value: Any) -> int:
    """How deep lists and objects are nested."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


class AnswerSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class WorkflowSerializer(serializers.ModelSerializer):
    version = serializers.CharField(read_only=True)
    answers = AnswerSerializer(many=True)

    class Meta:
        model = Workflow
        fields = ["id", "slug", "name", "question", "answers", "help_text", "version", "classifications_count"]


class ViewerSubjectSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    image = serializers.CharField()
    rg16 = serializers.CharField()
    rg16_zero = serializers.FloatField()
    rg16_scale = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    simulated = serializers.BooleanField()
    metadata = serializers.DictField()


class FrameSerializer(serializers.Serializer):
    """One of several pictures of a subject; all lie on its own picture by ``affine``."""

    name = serializers.CharField(help_text="When the exposure began (UTC), or the stretch.")
    own = serializers.BooleanField(help_text="Whether it is the subject's own picture.")
    stretch = serializers.ChoiceField(choices=["", "faint", "normal", "bright"])
    affine = serializers.ListField(
        child=serializers.FloatField(),
        help_text="From its pixels to the subject's, both counted from the middle: the six numbers of CSS's matrix().",
    )
    image = serializers.CharField()
    rg16 = serializers.CharField()
    rg16_zero = serializers.FloatField()
    rg16_scale = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class NextSubjectSerializer(ViewerSubjectSerializer):
    frames = FrameSerializer(many=True, help_text="In the order to show them; empty where there is one picture.")


class NextSerializer(serializers.Serializer):
    subjects = NextSubjectSerializer(many=True)
    state = serializers.ChoiceField(choices=["normal", "user_finished", "finished"])


class MarkSerializer(serializers.Serializer):
    """Both ends of a trail, in pixels of the subject's picture from its upper left corner."""

    x1 = serializers.FloatField()
    y1 = serializers.FloatField()
    x2 = serializers.FloatField()
    y2 = serializers.FloatField()
    frame = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=MOST_FRAMES - 1, help_text="On which of the frames, from 0."
    )


class ClassificationSerializer(serializers.Serializer):
    key = serializers.UUIDField()
    workflow = serializers.IntegerField(min_value=1, max_value=2**62)
    workflow_version = serializers.RegexField(rf"^{VERSION_FORM.pattern}$")
    subject = serializers.IntegerField(min_value=1, max_value=2**62)
    answer = serializers.CharField(max_length=40)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()
    metadata = serializers.DictField(required=False, default=dict)
    marks = serializers.ListField(child=MarkSerializer(), required=False, default=list, max_length=MOST_MARKS)
    supersedes = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Key of the person's last answer, to replace it.",
    )

    def validate_metadata(self, value: dict[str, Any]) -> dict[str, Any]:
        if _depth(value) > MAX_METADATA_DEPTH:
            raise serializers.ValidationError(f"The metadata are nested deeper than {MAX_METADATA_DEPTH}.")
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            size = len(text.encode())
        except ValueError:  # infinite numbers, halves of surrogate pairs
            raise serializers.ValidationError("The metadata hold numbers or characters that JSON does not.") from None
        if size > MAX_METADATA_BYTES:
            raise serializers.ValidationError(f"The metadata are larger than {MAX_METADATA_BYTES} bytes.")
        if "\\u0000" in text:
            raise serializers.ValidationError("The metadata hold a NUL character.")
        return value


_classification = ClassificationSerializer()  # made once: it costs more to make than to use, and keeps nothing


def classification_read(data: Any) -> dict[str, Any]:
    """The checked fields of a classification.

    Raises
    ------
    ValidationError
        What is wrong with which field.
    """
    return _read_plain(data) or dict(_classification.run_validation(data))


def _read_plain(data: Any) -> dict[str, Any] | None:
    """What `ClassificationSerializer` makes of an answer in its plainest form (as our classifier sends it, no marks, no
    undo), at a tenth of the cost. Stricter than the serializer: None means that the serializer decides.
    """
    try:
        if (
            data.get("marks", []) != []
            or data.get("supersedes") is not None
            or type(data.get("metadata", {})) is not dict
        ):
            return None
        ids = data["workflow"], data["subject"]
        times = [datetime.fromisoformat(data[name]) for name in ("started_at", "finished_at")]
        forms = (UUID_FORM, data["key"]), (VERSION_FORM, data["workflow_version"]), (ANSWER_FORM, data["answer"])
        if not (
            all(type(pk) is int and 0 < pk <= 2**62 for pk in ids)
            and all(form.fullmatch(text) for form, text in forms)
            and all(at.tzinfo is not None and 2000 <= at.year < 3000 for at in times)
        ):
            return None
        metadata = _classification.validate_metadata(data.get("metadata", {}))
    except (AttributeError, KeyError, TypeError, ValueError, serializers.ValidationError):
        return None
    return {
        "key": UUID(data["key"]), "workflow": ids[0], "workflow_version": data["workflow_version"], "subject": ids[1],
        "answer": data["answer"], "started_at": times[0], "finished_at": times[1], "metadata": metadata, "marks": [],
        "supersedes": None,
    }  # fmt: skip


def version_check(workflow: Workflow, version: str) -> None:
    """Refuse a version that the workflow has not reached.

    Raises
    ------
    ValidationError
        Of ``workflow_version``.
    """
    if tuple(int(part) for part in version.split(".")) > (workflow.version_major, workflow.version_minor):
        raise serializers.ValidationError({"workflow_version": "The workflow has no such version yet."})


class FeedbackSerializer(serializers.Serializer):
    """What is told after a training subject was answered; never before."""

    right = serializers.BooleanField()
    marks_right = serializers.BooleanField(allow_null=True)
    answer = serializers.CharField()
    answer_label = serializers.CharField()
    kind = serializers.CharField()
    kind_label = serializers.CharField()
    explanation = serializers.CharField()
    marks = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    your_marks = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    subject = ViewerSubjectSerializer()


def feedback_view(feedback: Feedback | None) -> dict[str, Any] | None:
    """Feedback as it goes over the wire."""
    if feedback is None:
        return None
    known = feedback.known
    labels = {one["value"]: one["label"] for one in workflow_texts(known.workflow).answers}
    return {
        "right": feedback.right,
        "marks_right": feedback.marks_right,
        "answer": known.answer,
        "answer_label": labels.get(known.answer, known.answer),
        "kind": known.kind,
        "kind_label": str(known.get_kind_display()),
        "explanation": gettext(known.explanation) if known.explanation else "",
        "marks": known.marks,
        "your_marks": feedback.your_marks,
        "subject": subject_for_viewer(known.subject),
    }


class SubmittedSerializer(serializers.Serializer):
    classification = serializers.IntegerField()
    counted = serializers.BooleanField(help_text="False when it was set aside.")
    set_aside = serializers.ChoiceField(
        choices=["", "repeat", "late", "undone"],
        help_text="Why it does not count: answered before, the subject had enough votes, taken back.",
    )
    feedback = FeedbackSerializer(allow_null=True)


class SubjectSerializer(serializers.ModelSerializer):
    image = serializers.SerializerMethodField()
    metadata = serializers.SerializerMethodField()

    class Meta:
        model = Subject
        fields = ["id", "image", "metadata", "created_at"]

    def get_image(self, subject: Subject) -> str | None:
        return reverse("archive:image", args=[subject.cutout.public_id]) if subject.cutout else None

    def get_metadata(self, subject: Subject) -> dict[str, Any]:
        return shown_metadata(subject.metadata)


class ConsensusSerializer(serializers.ModelSerializer):
    workflow: serializers.SlugRelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Consensus
        fields = [
            "id", "workflow", "subject", "state", "votes_yes", "votes_no", "votes_unsure",
            "p_yes", "p_unsure", "retired_at", "retirement_reason", "retired_by",
        ]  # fmt: skip
