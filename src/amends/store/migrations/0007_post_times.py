"""What a network said of a post's time, when a person first had it on screen, when it was answered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0006_narrowed_lists")]
    operations = [
        migrations.AddField(model_name="post", name="claimed_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="post", name="seen_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="post", name="answered_at", field=models.DateTimeField(null=True)),
    ]
