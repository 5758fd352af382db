"""Text to labels: what a post is, how bad, how urgent, in which language, and by which words."""
