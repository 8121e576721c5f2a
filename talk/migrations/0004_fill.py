"""What is known of earlier comments goes into the new columns and tables."""

from django.db import migrations

FILL = """
UPDATE talk_discussion SET is_note = true WHERE subject_id IS NOT NULL;

UPDATE talk_taguse AS tag_use SET written = tag.name, author_id = comment.author_id
FROM talk_tag AS tag, talk_comment AS comment
WHERE tag.id = tag_use.tag_id AND comment.id = tag_use.comment_id;

INSERT INTO talk_taggedsubject (tag_id, subject_id, uses_count, people_count, last_comment_id)
SELECT tag_id, subject_id, count(*), count(DISTINCT author_id), max(comment_id)
FROM talk_taguse WHERE subject_id IS NOT NULL GROUP BY tag_id, subject_id;

UPDATE talk_discussion AS discussion SET started_by_id = comment.author_id
FROM talk_comment AS comment
WHERE comment.id = (SELECT min(id) FROM talk_comment WHERE discussion_id = discussion.id);
"""


class Migration(migrations.Migration):
    dependencies = [("talk", "0003_forum")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
