"""Pages where scientists set up projects and workflows."""

from django.urls import path

from classify.setup import subject_views, teaching_views, views

app_name = "setup"
urlpatterns = [
    path("", views.index, name="index"),
    path("markdown/", views.markdown, name="markdown"),
    path("projects/new/", views.project_new, name="project_new"),
    path("projects/<slug:slug>/", views.project, name="project"),
    path("projects/<slug:slug>/edit/", views.project_edit, name="project_edit"),
    path("projects/<slug:slug>/workflows/new/", views.workflow_new, name="workflow_new"),
    path("projects/<slug:slug>/guide/", teaching_views.guide, name="guide"),
    path("projects/<slug:slug>/guide/new/", teaching_views.entry_new, name="entry_new"),
    path("guide/<int:entry_id>/", teaching_views.entry, name="entry"),
    path("guide/<int:entry_id>/move/", teaching_views.entry_move, name="entry_move"),
    path("guide/<int:entry_id>/delete/", teaching_views.entry_delete, name="entry_delete"),
    path("guide/<int:entry_id>/pictures/", teaching_views.example_add, name="example_add"),
    path("guide/pictures/<int:example_id>/move/", teaching_views.example_move, name="example_move"),
    path("guide/pictures/<int:example_id>/delete/", teaching_views.example_delete, name="example_delete"),
    path("workflows/<slug:slug>/", views.workflow, name="workflow"),
    path("workflows/<slug:slug>/question/", views.question, name="question"),
    path("workflows/<slug:slug>/rule/", views.rule, name="rule"),
    path("workflows/<slug:slug>/active/", views.activate, name="activate"),
    path("workflows/<slug:slug>/preview/", views.preview, name="preview"),
    path("workflows/<slug:slug>/images/", subject_views.images, name="images"),
    path("workflows/<slug:slug>/images/set/", subject_views.set_add, name="set_add"),
    path("workflows/<slug:slug>/images/chosen/", subject_views.chosen_add, name="chosen_add"),
    path("workflows/<slug:slug>/finds/", subject_views.finds, name="finds"),
    path("workflows/<slug:slug>/finds.csv", subject_views.finds_csv, name="finds_csv"),
    path("workflows/<slug:slug>/tutorial/", teaching_views.tutorial, name="tutorial"),
    path("workflows/<slug:slug>/tutorial/new/", teaching_views.step_new, name="step_new"),
    path("tutorial/<int:step_id>/", teaching_views.step, name="step"),
    path("tutorial/<int:step_id>/move/", teaching_views.step_move, name="step_move"),
    path("tutorial/<int:step_id>/delete/", teaching_views.step_delete, name="step_delete"),
]
