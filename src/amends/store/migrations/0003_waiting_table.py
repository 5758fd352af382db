"""What taking in costs: waiting items get a table of their own, so that no large row is written twice, and a
post's brand is not looked up once more beside its author's."""

import django.db.models.deletion
from django.db import migrations, models

MOVE = """
INSERT INTO store_waiting (raw_id, brand_id, fields)
    SELECT id, brand_id, fields::text FROM store_raw WHERE state = 'waiting';
UPDATE store_raw SET state = 'kept', fields = NULL WHERE state = 'waiting';
"""
MOVE_BACK = """
UPDATE store_raw SET state = 'waiting', fields = w.fields::jsonb FROM store_waiting w WHERE w.raw_id = id;
UPDATE store_raw SET fields = '{}' WHERE fields IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0002_guards")]
    operations = [
        migrations.CreateModel(
            name="Waiting",
            fields=[
                (
                    "raw",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="store.raw",
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="store.brand",
                    ),
                ),
                ("fields", models.TextField()),
            ],
            options={"indexes": [models.Index(fields=["brand", "raw"], name="waiting_of_brand")]},
        ),
        migrations.RemoveIndex(model_name="raw", name="raw_waiting"),
        migrations.AlterField(model_name="raw", name="fields", field=models.JSONField(null=True)),
        migrations.AlterField(
            model_name="raw", name="state", field=models.CharField(default="kept", max_length=8)
        ),
        migrations.RunSQL(MOVE, MOVE_BACK),
        migrations.AlterField(
            model_name="post",
            name="brand",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="posts",
                to="store.brand",
            ),
        ),
    ]
