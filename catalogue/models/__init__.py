"""The catalogue: candidates, what the team decided of them, and why."""

from catalogue.models.candidates import (
    Candidate,
    CandidateSubject,
    FindingTry,
    Grade,
    ScoreCheck,
    TrailClass,
    Validation,
)
from catalogue.models.tagged import TagOrigin

__all__ = [
    "Candidate",
    "CandidateSubject",
    "FindingTry",
    "Grade",
    "ScoreCheck",
    "TagOrigin",
    "TrailClass",
    "Validation",
]
