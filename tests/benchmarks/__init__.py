"""How fast it is, measured beside what others would use, in turns; no timed tests."""
