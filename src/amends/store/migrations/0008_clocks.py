"""The clocks of a case: resolution, promise, ladder, whose turn it is; the harm of waiting; alerts."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Cases from before are ranked by their severity alone until a post of theirs comes; the sweep puts them on the
# new clocks, since they are under no version of the policy.
HARM = """
UPDATE store_case AS c SET
    harm = grade.points,
    reasons = CASE WHEN c.severity = 'none' THEN jsonb_build_array(jsonb_build_array(c.kind, grade.points, 0))
        ELSE jsonb_build_array(jsonb_build_array('severity', grade.points, grade.level)) END,
    lang = COALESCE((SELECT p.lang FROM store_post p WHERE p.id = c.lead_id), ''),
    policy_version = CASE WHEN c.state = 'open' THEN 0 ELSE c.policy_version END,
    look_at = CASE WHEN c.state <> 'resolved' AND c.waiting_since IS NOT NULL THEN now() END
FROM (VALUES ('none', 0, 15), ('low', 1, 140), ('medium', 2, 230), ('high', 3, 370), ('critical', 4, 530))
    AS grade(name, level, points)
WHERE grade.name = c.severity
"""


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0007_post_times"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("cause", models.CharField(max_length=200, unique=True)),
                (
                    "does",
                    models.CharField(
                        choices=[
                            ("nudge", "nudge"),
                            ("offer", "offer"),
                            ("reassign", "reassign"),
                            ("alert", "alert"),
                        ],
                        max_length=10,
                    ),
                ),
                ("role", models.CharField(blank=True, max_length=12)),
                ("at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(null=True)),
                ("over_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="case",
            name="case_lift",
        ),
        migrations.RemoveField(
            model_name="case",
            name="lift_at",
        ),
        migrations.AddField(
            model_name="author",
            name="followers",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="author",
            name="standing",
            field=models.CharField(
                choices=[("ordinary", "ordinary"), ("priority", "priority")],
                db_default="ordinary",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="abusive",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="case",
            name="climbed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="climbed_percent",
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="climbed_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="customer_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="hands_over",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="case",
            name="harm",
            field=models.SmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="case",
            name="held_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="lang",
            field=models.CharField(blank=True, max_length=12),
        ),
        migrations.AddField(
            model_name="case",
            name="look_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="pauses",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="case",
            name="promised_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="promised_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="reasons",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="case",
            name="resolution_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="standing",
            field=models.CharField(
                choices=[("ordinary", "ordinary"), ("priority", "priority")],
                default="ordinary",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="post",
            name="automatic",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="send",
            name="automatic",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(
                    models.Q(("state", "resolved"), _negated=True), ("look_at__isnull", False)
                ),
                fields=["look_at"],
                name="case_look",
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="brand",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="alerts",
                to="store.brand",
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="case",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="store.case"
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="seen_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="to",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("over_at__isnull", True), ("seen_at__isnull", True)),
                fields=["brand", "-at"],
                name="alert_stands",
            ),
        ),
        migrations.RunSQL(HARM, migrations.RunSQL.noop),
    ]
