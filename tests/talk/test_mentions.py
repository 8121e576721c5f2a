"""Speaking to people: who is meant by what is written, and where a name leads."""

from __future__ import annotations

import pytest

from talk.markdown import comment_html
from talk.mentions import mention_links, mention_links_of
from talk.models import ToTell
from talk.services import comment_edit, comment_post
from talk.tags import mentions_of
from tests import factories


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@ann look", ["ann"]),
        ("thanks @Ann.", ["ann"]),
        ("(@ann, @bob-b_c.d!)", ["ann", "bob-b_c.d"]),
        ("line\n@ann", ["ann"]),
        ("@ann @ANN @ann", ["ann"]),
        ("mail me: ann@example.org", []),
        ("@ ann @- @.x", []),
        ("https://example.org/@ann", []),
    ],
)
def test_names(body, names):
    assert mentions_of(body) == names


def test_at_most_twenty_people_are_spoken_to():
    assert len(mentions_of(" ".join(f"@p{n}" for n in range(50)))) == 20


def said(comment):
    return {m.person.username if m.person else m.group for m in comment.mentions.select_related("person")}


def test_people_and_groups_and_what_is_only_text(subject, ann, bob):
    factories.user(username="gone", is_active=False)
    comment = comment_post(author=ann, subject=subject, body="@Bob @nobody @gone @researchers @admins @moderators")
    assert said(comment) == {"bob", "team", "moderators"}
    assert ToTell.objects.get().comment == comment


def test_an_edit_changes_who_is_spoken_to(subject, ann, bob):
    cat = factories.user(username="cat")
    comment = comment_post(author=ann, subject=subject, body="@bob @team")
    comment_edit(comment=comment, editor=ann, body="@cat @moderators")
    assert said(comment) == {cat.username, "moderators"}


def test_names_lead_to_public_pages_only(subject, ann, bob):
    factories.user(username="Open", public_profile=True)
    comment = comment_post(author=ann, subject=subject, body="@open and @bob")
    html = comment_html(comment.body, mention_links(comment))
    assert '<a href="/people/Open/" class="mention"' in html
    assert html.count("<a ") == 1
    assert mention_links_of("@open") == {"open": "/people/Open/"}


def test_a_name_in_code_or_in_a_link_is_no_link():
    html = comment_html("`@open` [@open](https://example.org/)", {"open": "/people/open/"})
    assert "/people/open/" not in html


def test_a_page_of_mentions_asks_once(client, subject, ann, bob, django_assert_max_num_queries):
    for n in range(5):
        comment_post(author=ann, subject=subject, body=f"@bob {n}")
    with django_assert_max_num_queries(9):
        assert client.get("/talk/recent/").status_code == 200


def test_a_link_to_a_subject_has_a_thumbnail_to_show(client, subject):
    html = comment_html(f"like ^S{subject.pk}")
    assert f'href="/talk/subjects/{subject.pk}/" class="subject"' in html
    answer = client.get(f"/talk/subjects/{subject.pk}/thumbnail/")
    assert answer.headers["Location"] == f"/images/{subject.cutout.public_id}.jpg"
    assert client.get("/talk/subjects/999999/thumbnail/").status_code == 204
