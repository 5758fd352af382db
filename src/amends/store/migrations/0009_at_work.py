"""Who is at work: when somebody was seen, what they know, how much they get, and whether they are away."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0008_clocks"),
    ]

    operations = [
        migrations.CreateModel(
            name="AtWork",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="at_work",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="membership",
            name="away_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="membership",
            name="case_limit",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="membership",
            name="languages",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="membership",
            name="last_given_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="membership",
            name="skills",
            field=models.JSONField(db_default=[], default=list),
        ),
    ]
