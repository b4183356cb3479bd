"""Removing what a visitor uploaded and made, and what is old on a public demo."""

from core.retention import Removed, Sweeper, forget_upload, forget_visitor
from core.session import visitor
from core.session.affine import forget_recordings as forget_affine
from core.session.clipped import forget_recordings as forget_clipped
from core.session.data import forget_recordings as forget_data
from core.session.drafts import value
from core.session.fitted import forget_recordings as forget_fitted
from core.session.machine import runner, store
from core.session.once import once
from core.session.sources import forget_file
from core.session.uploads import drop_upload, is_refused


def sweeper() -> Sweeper:
    """Removes what is old, once a minute, as long as this process lives."""
    return _sweeper(str(store().root))


@once
def _sweeper(folder: str) -> Sweeper:
    settings = visitor.public()
    if settings is None:
        raise ValueError("A private lab removes nothing by itself.")
    made = Sweeper(store(), visitor.visits(), settings, lambda run_id: runner().cancel(run_id))
    made.start()
    return made


def forget_file_in_use() -> Removed:
    """Remove the file of the draft's data: the upload, and the stored recording unless a run needs
    it. On a public demo only what is this visitor's is removed. An upload of which nothing was
    taken goes alone. Raises OSError, and RunUnreadable where it cannot be known who needs the
    recording; the draft is as before then.
    """
    key, removed = value("data.sha256"), Removed()
    if value("data.source") == "file" and key and not is_refused():
        settings, mine = visitor.public(), visitor.owner()
        if settings is None or mine is None:
            removed = forget_upload(store(), None, None, key)
        elif key in visitor.visits().keys(mine):
            removed = forget_upload(store(), visitor.visits(), mine, key)
        forget_file()
    drop_upload()
    _let_go()
    return removed


def forget_all() -> Removed:
    """Remove all runs and recordings of this visitor of a public demo, and the links it holds."""
    mine = visitor.owner()
    if mine is None:
        return Removed()
    drop_upload()
    forget_file()
    removed = forget_visitor(store(), visitor.visits(), mine, lambda run: runner().cancel(run))
    visitor.forget_links()
    _let_go()
    return removed


def _let_go() -> None:
    """Drop what is in memory of recordings; what others need is read again."""
    for forget in (forget_data, forget_fitted, forget_affine, forget_clipped):
        forget()
    visitor.disk().forget()
