import errno
import stat

import pytest

from core import durable
from core.visits import Visits

ANN, BOB, KEY = "a" * 64, "b" * 64, "1" * 64


def test_an_owner_is_a_salted_hash_that_stays_the_same(tmp_path):
    owner = Visits(tmp_path).owner("secret")
    assert owner == Visits(tmp_path).owner("secret")  # after a restart
    assert owner != Visits(tmp_path).owner("secrets")
    assert owner != Visits(tmp_path / "other").owner("secret")  # another salt
    assert len(owner) == 64
    assert "secret" not in owner


def test_nobody_else_reads_the_salt(tmp_path):
    Visits(tmp_path)
    assert stat.S_IMODE((tmp_path / ".visitors" / "salt").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".visitors").stat().st_mode) == 0o700


def test_a_torn_salt_is_made_anew(tmp_path):
    before = Visits(tmp_path).owner("secret")
    (tmp_path / ".visitors" / "salt").write_bytes(b"short")
    assert Visits(tmp_path).owner("secret") != before
    assert len((tmp_path / ".visitors" / "salt").read_bytes()) == 32


def test_a_recording_is_granted_to_visitors_one_by_one(tmp_path):
    visits = Visits(tmp_path)
    visits.grant(ANN, KEY)
    visits.grant(BOB, KEY)
    assert visits.keys(ANN) == {KEY}
    assert visits.holders(KEY) == {ANN, BOB}
    visits.revoke(ANN, KEY)
    visits.revoke(ANN, KEY)
    assert visits.keys(ANN) == frozenset()
    assert visits.holders(KEY) == {BOB}
    assert not (tmp_path / ".visitors" / ANN).exists()


def test_an_expired_grant_counts_as_used_long_ago_and_gives_nothing(tmp_path):
    visits = Visits(tmp_path)
    visits.grant(ANN, KEY)
    visits.expire(ANN, KEY)
    assert visits.grants() == [(ANN, KEY, 0.0)]
    assert visits.keys(ANN) == frozenset()
    assert visits.holders(KEY) == set()


@pytest.mark.parametrize("bad", ["", "../x", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_what_is_no_owner_or_key_never_meets_a_path(tmp_path, bad):
    visits = Visits(tmp_path)
    for pair in ((bad, KEY), (ANN, bad)):
        with pytest.raises(ValueError, match="64 digits"):
            visits.grant(*pair)


def test_where_nothing_can_be_written_visitors_are_told_apart_all_the_same(tmp_path, monkeypatch):
    before = Visits(tmp_path).owner("secret")

    def refuse(*what, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(durable, "locked", refuse)
    assert Visits(tmp_path).owner("secret") == before
    monkeypatch.setattr("core.visits.Path.mkdir", refuse)
    visits = Visits(tmp_path / "other")
    assert visits.owner("secret") == visits.owner("secret") != visits.owner("another")
    assert (visits.grants(), visits.keys(ANN)) == ([], frozenset())
