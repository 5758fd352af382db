from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0004_import_content")]
    operations = [
        migrations.RemoveField("account", "cursor"),
        migrations.AddField("account", "cursor", models.TextField(blank=True, default="")),
    ]
