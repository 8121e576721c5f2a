"""The catalogue: candidates and what the team decided of them; measurements, known objects, distances; releases."""

from catalogue.models.candidates import (
    Candidate,
    CandidateSubject,
    FindingTry,
    Grade,
    ScoreCheck,
    TrailClass,
    Validation,
)
from catalogue.models.releases import Release, ReleaseFile, ReleaseRow
from catalogue.models.science import DistanceFit, ObjectCheck, ObjectMatch, TrailMeasurement
from catalogue.models.tagged import TagOrigin

__all__ = [
    "Candidate",
    "CandidateSubject",
    "DistanceFit",
    "FindingTry",
    "Grade",
    "ObjectCheck",
    "ObjectMatch",
    "Release",
    "ReleaseFile",
    "ReleaseRow",
    "ScoreCheck",
    "TagOrigin",
    "TrailClass",
    "TrailMeasurement",
    "Validation",
]
