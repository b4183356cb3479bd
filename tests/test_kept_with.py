"""Results that are kept as long as what they were worked out from."""

import gc
import weakref

import numpy as np

from core.results import ReadOnce, kept_with, map_npz
from core.results.kept_with import kept_with_first


class Thing:
    pass


def test_a_result_is_worked_out_once_and_goes_with_its_object():
    asked = []

    @kept_with_first
    def twice(thing, number):
        asked.append(number)
        return np.array([2 * number])

    one, other = Thing(), Thing()
    assert [int(twice(one, 3)[0]) for _ in range(2)] == [6, 6]
    assert int(twice(other, 3)[0]) == 6
    assert asked == [3, 3]
    result, seen = weakref.ref(twice(one, 3)), weakref.ref(one)
    del one
    gc.collect()
    assert seen() is result() is None


def test_of_one_object_the_oldest_results_go(monkeypatch):
    monkeypatch.setattr(kept_with, "_MOST", 2)
    asked, thing = [], Thing()
    same = kept_with_first(lambda thing, number: asked.append(number))
    for number in (1, 2, 3, 3, 1):
        same(thing, number)
    assert asked == [1, 2, 3, 1]


def open_files():
    import psutil

    return psutil.Process().num_fds()


def test_the_arrays_of_a_file_share_a_descriptor_which_goes_with_a_deleted_file(tmp_path):
    path = tmp_path / "windows.npz"
    made = {f"a{number}": np.arange(number + 1.0) for number in range(9)}
    np.savez(path, **made, empty=np.zeros((0, 3)), turned=np.asfortranarray(np.eye(3)[:2]))
    files, before = ReadOnce(5), open_files()
    arrays = files.get(path, lambda: map_npz(path))
    assert open_files() == before + 1
    assert arrays["empty"].shape == (0, 3)
    np.testing.assert_array_equal(arrays["turned"], np.eye(3)[:2])
    for name, values in made.items():
        np.testing.assert_array_equal(arrays[name], values)
        assert not arrays[name].flags.writeable
    del arrays
    gc.collect()
    assert open_files() == before + 1
    path.unlink()
    files.forget_vanished()
    gc.collect()
    assert open_files() == before
