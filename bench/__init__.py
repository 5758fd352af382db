"""The figures: `python -m bench` measures them, prints a table and writes `bench/results.json`."""
