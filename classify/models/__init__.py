"""The classification task, in Zooniverse's words: projects, workflows, subjects, classifications, consensus."""

from classify.models.projects import (
    ANSWER_VALUES,
    MARKING_QUESTION,
    NO,
    UNSURE,
    YES,
    Project,
    Subject,
    SubjectFrame,
    SubjectSet,
    Workflow,
)
from classify.models.teaching import (
    Favourite,
    GuideEntry,
    GuideExample,
    KnownAnswer,
    Picture,
    TutorialSeen,
    TutorialStep,
)
from classify.models.voting import Classification, Consensus, HourlyCount, Lease, VolunteerSkill

__all__ = [
    "ANSWER_VALUES",
    "MARKING_QUESTION",
    "NO",
    "UNSURE",
    "YES",
    "Classification",
    "Consensus",
    "Favourite",
    "GuideEntry",
    "GuideExample",
    "HourlyCount",
    "KnownAnswer",
    "Lease",
    "Picture",
    "Project",
    "Subject",
    "SubjectFrame",
    "SubjectSet",
    "TutorialSeen",
    "TutorialStep",
    "VolunteerSkill",
    "Workflow",
]
