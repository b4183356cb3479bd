"""Runs in any state, reached by allowed steps, and what is in their folders."""


def running(store, **changes):
    run = store.create({}, name="a run")
    run.transition("starting", **changes)
    run.transition("running")
    return run


def in_state(store, state):
    """A run in the given state, reached by allowed steps."""
    paths = {"queued": [], "starting": ["starting"], "running": ["starting", "running"]}
    run = store.create({}, name=state)
    for step in paths.get(state, [*paths["running"], state]):
        run.transition(step)
    return run


def snapshot(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
