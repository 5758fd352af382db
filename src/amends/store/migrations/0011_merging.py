"""Cases merged and split by hand, and accounts that are one person's."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0010_alerting"),
    ]

    operations = [
        migrations.AddField(
            model_name="author",
            name="person",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="merged_into",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="absorbed",
                to="store.case",
            ),
        ),
        migrations.AddField(
            model_name="post",
            name="regrouped_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="post",
            name="unanswered_then",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AlterField(
            model_name="case",
            name="resolution",
            field=models.CharField(
                blank=True,
                choices=[
                    ("customer_confirmed", "customer_confirmed"),
                    ("no_further_word", "no_further_word"),
                    ("answered", "answered"),
                    ("moved_private", "moved_private"),
                    ("not_ours", "not_ours"),
                    ("no_complaint", "no_complaint"),
                    ("spam", "spam"),
                    ("lost", "lost"),
                    ("merged", "merged"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="author",
            index=models.Index(
                condition=models.Q(("person__isnull", False)), fields=["person"], name="author_person"
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)), fields=["merged_into"], name="case_merged"
            ),
        ),
    ]
