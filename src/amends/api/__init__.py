"""The REST API of the desk: the screens' deeds for programs. No rules of its own."""
