"""What a workflow says, in the language of the page; in its own where a translation is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from classify.models import Workflow


@dataclass(frozen=True, slots=True)
class WorkflowTexts:
    """Question, answers (as in `Workflow.answers`), help (Markdown) and what is asked when marking."""

    question: str
    answers: list[dict[str, str]]
    help_text: str
    marking_question: str


def workflow_texts(workflow: Workflow, language: str | None = None) -> WorkflowTexts:
    """The texts in a language (the page's unless told), such as "es" or "es-mx"; each falls back by itself."""
    code = language or get_language() or ""
    found: dict[str, Any] = workflow.translations.get(code) or workflow.translations.get(code.split("-")[0]) or {}
    labels: dict[str, str] = found.get("answers") or {}
    return WorkflowTexts(
        question=found.get("question") or workflow.question,
        answers=[answer | {"label": labels.get(answer["value"]) or answer["label"]} for answer in workflow.answers],
        help_text=found.get("help_text") or workflow.help_text,
        marking_question=found.get("marking_question") or workflow.marking_question,
    )
