import pytest

from core.kept_windows import most_windows, ranked_windows, spaced_windows


@pytest.mark.parametrize(
    ("window_values", "spaced", "ranked"),
    [(800, 5000, 50), (20_000, 200, 50), (60_000, 66, 16), (10**6, 4, 1), (10**7, 1, 1)],
)
def test_of_long_windows_fewer_are_kept_but_never_none(window_values, spaced, ranked):
    assert spaced_windows(window_values) == spaced
    assert ranked_windows(window_values) == ranked
    assert most_windows(window_values) == spaced + 4 * ranked
