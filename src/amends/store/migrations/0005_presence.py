"""Who is at a case: a table that is written often, belongs to the minute, and need not outlive a crash."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0004_signing_in"),
    ]

    operations = [
        migrations.CreateModel(
            name="Presence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.CharField(max_length=40)),
                ("brand_id", models.BigIntegerField()),
                ("case_id", models.BigIntegerField()),
                (
                    "doing",
                    models.CharField(
                        choices=[
                            ("reading", "reading"),
                            ("noting", "noting"),
                            ("answering", "answering"),
                        ],
                        max_length=10,
                    ),
                ),
                ("stream", models.CharField(blank=True, max_length=32)),
                ("since", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["case_id"], name="presence_case"),
                    models.Index(fields=["stream"], name="presence_stream"),
                ],
                "constraints": [models.UniqueConstraint(fields=("user", "place"), name="presence_once")],
            },
        ),
        migrations.RunSQL("ALTER TABLE store_presence SET UNLOGGED", migrations.RunSQL.noop),
    ]
