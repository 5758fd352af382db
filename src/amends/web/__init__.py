"""The screens agents live in: server-rendered pages that hold no rules of their own."""
