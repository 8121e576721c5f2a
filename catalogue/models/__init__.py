"""The catalogue: candidates, what the team decided of them, and why."""

from catalogue.models.candidates import Candidate, CandidateSubject, FindingTry, ScoreCheck, TrailClass, Validation

__all__ = ["Candidate", "CandidateSubject", "FindingTry", "ScoreCheck", "TrailClass", "Validation"]
