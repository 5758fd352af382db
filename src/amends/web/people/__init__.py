"""The screens about people, brands and settings."""
