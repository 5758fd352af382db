"""The living sample: an invented railway and the people who talk with it on the fake network."""
