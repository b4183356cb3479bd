"""Work shared out to threads: the results in their order, and faults where they belong."""

import threading

import pytest

from core.threads import each_in_a_thread, one_ahead


def test_results_come_in_the_order_of_the_items():
    assert each_in_a_thread(lambda item: item**2, range(20)) == [item**2 for item in range(20)]
    assert each_in_a_thread(lambda item: item, []) == []


def test_the_first_fault_is_raised():
    with pytest.raises(ZeroDivisionError):
        each_in_a_thread(lambda item: 1 // item, [2, 0, 1])


def test_one_item_is_made_ahead():
    made, second = [], threading.Event()

    def items():
        for item in range(3):
            made.append(item)
            if item == 1:
                second.set()
            yield item

    found = one_ahead(items())
    assert next(found) == 0
    assert second.wait(5)
    assert 2 not in made
    assert list(found) == [1, 2]


def test_a_fault_comes_after_the_items_before_it():
    found = one_ahead(1 // item for item in (1, 1, 0))
    assert [next(found), next(found)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_who_leaves_early_leaves_no_thread():
    before = threading.active_count()
    found = one_ahead(iter(range(100)))
    next(found)
    found.close()
    assert threading.active_count() == before
