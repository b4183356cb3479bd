"""The app and its queue under load, and the figures of it; each takes minutes.

    python -m tests.load          50 visitors at once, over real websockets
    python -m tests.load.queue    100 queued runs under random kills

Both print a table and end with exit code 1 if a promise was broken; `--help` has what can be set.
"""
