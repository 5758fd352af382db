"""Lists narrowed to something rare are read through an index of it, not by walking a million posts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0005_presence")]
    operations = [
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(
                    models.Q(("kind", ""), _negated=True), models.Q(("kind", "chatter"), _negated=True)
                ),
                fields=["brand", "kind", "-posted_at"],
                name="post_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(
                condition=models.Q(("severity", "none"), _negated=True),
                fields=["brand", "severity", "-posted_at"],
                name="post_severity",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["brand", "severity", "-band", "sort_at", "id"],
                name="case_severity",
            ),
        ),
    ]
