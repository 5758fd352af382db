import amends.core.values
import amends.store.models.people
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("time_zone", models.CharField(blank=True, max_length=64)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", amends.store.models.people.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Brand",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, unique=True)),
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="policies", to="store.brand"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("document", models.JSONField()),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("brand", "version"), name="policy_version_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="store.brand",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("agent", "Agent"), ("supervisor", "Supervisor"), ("admin", "Admin")],
                        max_length=12,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "brand"), name="membership_once")],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="store.brand",
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[("agent", "Agent"), ("supervisor", "Supervisor"), ("admin", "Admin")],
                        max_length=12,
                    ),
                ),
                ("secret_hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to="store.brand"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("prefix", models.CharField(max_length=12)),
                ("secret_hash", models.CharField(max_length=64, unique=True)),
                ("scopes", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="accounts", to="store.brand"
                    ),
                ),
                ("channel", models.CharField(max_length=40)),
                ("handle", models.CharField(max_length=200)),
                ("remote_id", models.CharField(blank=True, max_length=200)),
                ("base_url", models.CharField(blank=True, max_length=500)),
                ("token", models.BinaryField(null=True)),
                ("settings", models.JSONField(default=dict)),
                ("cursor", models.TextField(blank=True, default="")),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("polled_at", models.DateTimeField(null=True)),
                ("last_event_at", models.DateTimeField(null=True)),
                ("trouble", models.CharField(blank=True, max_length=300)),
                ("retry_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("brand", "channel", "handle"), name="account_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Author",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="store.brand",
                    ),
                ),
                ("channel", models.CharField(max_length=40)),
                ("remote_id", models.CharField(max_length=500)),
                ("handle", models.CharField(blank=True, max_length=200)),
                ("name", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("brand"),
                        django.db.models.functions.text.Upper("handle"),
                        condition=models.Q(("handle__gt", "")),
                        name="author_handle",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("brand", "channel", "remote_id"), name="author_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="store.brand",
                    ),
                ),
                ("channel", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=502)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("brand", "channel", "key"), name="conversation_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="store.brand",
                    ),
                ),
                ("channel", models.CharField(max_length=40)),
                (
                    "author",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="store.author",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="store.conversation",
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="cases",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("snoozed", "snoozed"), ("resolved", "resolved")],
                        max_length=8,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("complaint", "complaint"),
                            ("question", "question"),
                            ("request", "request"),
                            ("praise", "praise"),
                            ("thanks", "thanks"),
                            ("chatter", "chatter"),
                            ("spam", "spam"),
                            ("other", "other"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("none", "none"),
                            ("low", "low"),
                            ("medium", "medium"),
                            ("high", "high"),
                            ("critical", "critical"),
                        ],
                        max_length=8,
                    ),
                ),
                ("graded_by_person", models.BooleanField(default=False)),
                ("opened_at", models.DateTimeField()),
                ("last_post_at", models.DateTimeField()),
                ("listed_at", models.DateTimeField()),
                ("waiting_since", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("first_answer_at", models.DateTimeField(null=True)),
                ("settled_until", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("clock_offset", models.DurationField()),
                ("band", models.SmallIntegerField()),
                ("sort_at", models.DateTimeField()),
                ("lift_at", models.DateTimeField(null=True)),
                ("snoozed_until", models.DateTimeField(null=True)),
                (
                    "resolution",
                    models.CharField(
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
                        ],
                        max_length=20,
                    ),
                ),
                ("resolved_at", models.DateTimeField(null=True)),
                ("sends_open", models.PositiveIntegerField(default=0)),
                ("on_hold", models.BooleanField(default=False)),
                ("posts_in", models.PositiveIntegerField(default=0)),
                ("policy_version", models.PositiveIntegerField()),
                ("history_count", models.PositiveIntegerField(default=0)),
                ("history_head", models.BinaryField(default=b"")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["brand", "policy_version"],
                        name="case_policy",
                    ),
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["brand", "-band", "sort_at", "id"],
                        name="case_inbox",
                    ),
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["brand", "assignee", "-band", "sort_at", "id"],
                        name="case_mine",
                    ),
                    models.Index(fields=["brand", "-last_post_at", "id"], name="case_newest"),
                    models.Index(fields=["author", "-last_post_at"], name="case_author"),
                    models.Index(fields=["conversation"], name="case_conversation"),
                    models.Index(
                        condition=models.Q(("lift_at__isnull", False), ("state", "open")),
                        fields=["lift_at"],
                        name="case_lift",
                    ),
                    models.Index(
                        condition=models.Q(("state", "snoozed")),
                        fields=["snoozed_until"],
                        name="case_snoozed",
                    ),
                    models.Index(
                        condition=models.Q(("state", "resolved")),
                        fields=["brand", "-resolved_at", "id"],
                        name="case_resolved",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to="store.brand",
                    ),
                ),
                ("channel", models.CharField(max_length=40)),
                ("remote_id", models.CharField(max_length=500)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="store.account",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to="store.author",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to="store.conversation",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="posts",
                        to="store.case",
                    ),
                ),
                ("direction", models.CharField(choices=[("in", "in"), ("out", "out")], max_length=3)),
                (
                    "visibility",
                    models.CharField(choices=[("public", "public"), ("private", "private")], max_length=7),
                ),
                ("text", models.TextField(blank=True)),
                ("lang", models.CharField(blank=True, max_length=12)),
                ("url", models.CharField(blank=True, max_length=1000)),
                ("in_reply_to", models.CharField(blank=True, max_length=500)),
                ("posted_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("clock_offset", models.DurationField()),
                ("edited_at", models.DateTimeField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("read_at", models.DateTimeField(null=True)),
                ("model", models.CharField(blank=True, max_length=60)),
                ("complaint", models.FloatField(null=True)),
                ("is_complaint", models.BooleanField(default=False)),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("complaint", "complaint"),
                            ("question", "question"),
                            ("request", "request"),
                            ("praise", "praise"),
                            ("thanks", "thanks"),
                            ("chatter", "chatter"),
                            ("spam", "spam"),
                            ("other", "other"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("none", "none"),
                            ("low", "low"),
                            ("medium", "medium"),
                            ("high", "high"),
                            ("critical", "critical"),
                        ],
                        default=amends.core.values.Severity["NONE"],
                        max_length=8,
                    ),
                ),
                ("labels", models.JSONField(default=dict)),
                ("wants_answer", models.BooleanField(default=False)),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector(
                            django.db.models.functions.text.Left("text", 100000), config="simple"
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["conversation", "posted_at"], name="post_conversation"),
                    models.Index(
                        condition=models.Q(("case__isnull", False)),
                        fields=["case", "posted_at"],
                        name="post_case",
                    ),
                    models.Index(fields=["author", "posted_at"], name="post_author"),
                    models.Index(fields=["brand", "-posted_at"], name="post_newest"),
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)), fields=["id"], name="post_unread"
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", False), ("erased_at__isnull", True)),
                        fields=["deleted_at"],
                        name="post_to_erase",
                    ),
                    models.Index(
                        condition=models.Q(("in_reply_to", ""), _negated=True),
                        fields=["brand", "channel", "in_reply_to"],
                        name="post_parent",
                    ),
                    django.contrib.postgres.indexes.GinIndex(fields=["search"], name="post_search"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("brand", "channel", "remote_id"), name="post_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="case",
            name="lead",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="store.post"
            ),
        ),
        migrations.CreateModel(
            name="PostVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="store.post"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("text", models.TextField(blank=True)),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("post", "version"), name="post_version_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("brand_name", models.CharField(blank=True, max_length=120)),
                ("source", models.CharField(max_length=500)),
                ("digest", models.CharField(default="", max_length=64)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("as_of", models.DateTimeField(null=True)),
                ("lines", models.PositiveBigIntegerField(default=0)),
                ("received", models.PositiveBigIntegerField(default=0)),
                ("repeated", models.PositiveBigIntegerField(default=0)),
                ("rejected", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["digest"], name="import_content"),
                    models.Index(fields=["source"], name="import_source"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Raw",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="store.brand",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="store.account",
                    ),
                ),
                ("channel", models.CharField(max_length=40)),
                ("remote_id", models.CharField(max_length=500)),
                ("fingerprint", models.BinaryField()),
                ("source", models.CharField(max_length=12)),
                ("payload", models.BinaryField()),
                ("fields", models.JSONField()),
                ("received_at", models.DateTimeField()),
                ("clock_offset", models.DurationField()),
                ("state", models.CharField(default="waiting", max_length=8)),
                ("reason", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["brand", "id"], name="raw_waiting"
                    ),
                    models.Index(
                        condition=models.Q(("state", "failed")), fields=["brand", "id"], name="raw_failed"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("brand", "channel", "remote_id", "fingerprint"), name="raw_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Send",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(unique=True)),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="store.brand"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="store.account"
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sends", to="store.case"
                    ),
                ),
                (
                    "to_post",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="store.post"
                    ),
                ),
                ("text", models.TextField()),
                (
                    "visibility",
                    models.CharField(choices=[("public", "public"), ("private", "private")], max_length=7),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("written_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("sending", "sending"),
                            ("sent", "sent"),
                            ("refused", "refused"),
                            ("unknown", "unknown"),
                        ],
                        default=amends.core.values.SendState["PLANNED"],
                        max_length=8,
                    ),
                ),
                ("not_before", models.DateTimeField()),
                ("claimed_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("looks", models.PositiveSmallIntegerField(default=0)),
                ("settled_at", models.DateTimeField(null=True)),
                ("remote_id", models.CharField(blank=True, max_length=500)),
                ("why", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["planned", "sending", "unknown"])),
                        fields=["not_before"],
                        name="send_due",
                    ),
                    models.Index(fields=["case"], name="send_case"),
                    models.Index(fields=["brand", "state"], name="send_counts"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Mail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(unique=True)),
                (
                    "brand",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="store.brand",
                    ),
                ),
                ("to", models.EmailField(max_length=254)),
                ("subject", models.CharField(max_length=200)),
                ("body", models.BinaryField(null=True)),
                ("written_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("sending", "sending"),
                            ("sent", "sent"),
                            ("refused", "refused"),
                            ("unknown", "unknown"),
                        ],
                        default=amends.core.values.SendState["PLANNED"],
                        max_length=8,
                    ),
                ),
                ("not_before", models.DateTimeField()),
                ("claimed_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("settled_at", models.DateTimeField(null=True)),
                ("why", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="Chain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brand",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to="store.brand"
                    ),
                ),
                ("history_count", models.PositiveIntegerField(default=0)),
                ("history_head", models.BinaryField(default=b"")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("brand",), name="chain_once", nulls_distinct=False)
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoryEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("chain", models.CharField(max_length=30)),
                ("position", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=30)),
                ("action", models.CharField(max_length=40)),
                ("policy_version", models.PositiveIntegerField()),
                ("commitment", models.BinaryField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("chain", "position"), name="history_position_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoryContent",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="content",
                        serialize=False,
                        to="store.historyentry",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="history",
                        to="store.case",
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.brand",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("salt", models.BinaryField()),
                ("body", models.JSONField()),
            ],
            options={
                "indexes": [models.Index(fields=["case", "entry"], name="history_case")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="historyentry",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="ab6339fda76b00c194f9002db17329ec0d3d2a80",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_6d058",
                    table="store_historyentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="historycontent",
            trigger=pgtrigger.compiler.Trigger(
                name="no_rewrite",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="476fa69804bbddd013229570c106001093bce009",
                    operation="UPDATE",
                    pgid="pgtrigger_no_rewrite_23e89",
                    table="store_historycontent",
                    when="BEFORE",
                ),
            ),
        ),
    ]
