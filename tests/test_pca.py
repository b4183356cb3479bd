"""Principal components beside a singular value decomposition of all windows at once."""

from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import pca
from core.config import WindowsConfig
from core.pca import GaveUp, fit_components, pca_baseline, pca_errors
from core.windows import Windows, split_windows

shapes = st.tuples(st.integers(1, 40), st.integers(2, 6), st.integers(1, 4))


def windows_of(values: np.ndarray) -> Windows:
    """Ready windows `(windows, window_length, channels)`."""
    return Windows(values, values.shape[1], 1)


def slow_errors(train: np.ndarray, windows: np.ndarray, components: int) -> tuple[float, float]:
    """Mean absolute and squared error with the leading right singular vectors of all windows."""
    flat, other = train.reshape(len(train), -1), windows.reshape(len(windows), -1)
    mean = flat.mean(axis=0)
    basis = np.linalg.svd(flat - mean, full_matrices=False)[2][:components]
    residual = (other - mean) - (other - mean) @ basis.T @ basis
    return np.abs(residual).mean(), (residual**2).mean()


@settings(deadline=None)
@given(shapes, st.integers(1, 24), st.integers(0, 2**32 - 1), st.floats(-1e3, 1e3))
def test_errors_equal_those_of_a_singular_value_decomposition(shape, components, seed, offset):
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.5, 3, shape[1:])
    train, other = (offset + scale * rng.normal(size=shape) for _ in range(2))
    fitted = fit_components(windows_of(train), components)
    most = min(len(train) - 1, train[0].size)
    assert len(fitted.components) == min(components, most)
    assert fitted.windows == len(train)
    for windows in (train, other):
        errors = pca_errors(fitted, windows_of(windows))
        expected = slow_errors(train, windows, min(components, most))
        assert (errors["mae"], errors["mse"]) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(
        fitted.components @ fitted.components.T, np.eye(min(components, most)), atol=1e-8
    )


@pytest.mark.parametrize("count", [12, 300])  # fewer and more windows than the 40 values of one
def test_windows_of_three_patterns_need_three_components(count):
    rng = np.random.default_rng(1)
    values = 7 + (rng.normal(size=(count, 3)) @ rng.normal(size=(3, 40))).reshape(count, 10, 4)
    errors = [
        pca_errors(fit_components(windows_of(values), k), windows_of(values)) for k in (2, 3, 40)
    ]
    assert errors[0]["mse"] > 0.01
    assert max(errors[1]["mse"], errors[2]["mse"]) < 1e-20
    assert len(fit_components(windows_of(values), 40).components) == 3  # their rank


@pytest.mark.parametrize("shape", [(60, 5, 4), (15, 5, 4)])
def test_more_components_never_err_more_and_none_of_their_number_err_less(shape):
    rng = np.random.default_rng(2)
    values = rng.normal(size=shape) * rng.uniform(0.1, 4, shape[1:])
    flat = values.reshape(len(values), -1)
    centred = flat - flat.mean(axis=0)
    least = (centred**2).mean()
    for k in range(1, 21):
        mse = pca_errors(fit_components(windows_of(values), k), windows_of(values))["mse"]
        assert mse <= least + 1e-15
        least = mse
        for _ in range(20):
            basis = np.linalg.qr(rng.normal(size=(20, k)))[0]
            assert mse <= ((centred - centred @ basis @ basis.T) ** 2).mean() + 1e-15
    assert least < 1e-20


def test_one_window_and_equal_windows_have_no_components():
    for values in (np.arange(6.0).reshape(1, 3, 2), np.full((30, 3, 2), 0.1)):
        fitted = fit_components(windows_of(values), 4)
        assert len(fitted.components) == 0
        assert pca_errors(fitted, windows_of(values + 2)) == pytest.approx({"mae": 2, "mse": 4})


def test_blocks_do_not_change_the_result(monkeypatch):
    values = np.random.default_rng(3).normal(size=(2000, 2)).astype(np.float32)
    for length in (5, 400):  # by covariance, by Gram matrix
        split = split_windows(values, WindowsConfig(window_length=length, stride=3))
        whole = pca_baseline(split, 4)
        monkeypatch.setattr(pca, "_BLOCK", 700)
        assert pca_baseline(split, 4)["pca"] == {
            part: pytest.approx(errors) for part, errors in whole["pca"].items()
        }
        monkeypatch.undo()


def test_many_windows_of_many_values_are_fitted_to_some(monkeypatch):
    values = np.random.default_rng(4).normal(size=(500, 6, 2))
    monkeypatch.setattr(pca, "MOST_COVARIANCE", 11)
    monkeypatch.setattr(pca, "MOST_GRAM", 100)
    fitted = fit_components(windows_of(values), 3)
    chosen = values[np.linspace(0, 499, 100).round().astype(int)]
    assert fitted.windows == 100
    assert fitted.components.dtype == np.float32
    assert tuple(pca_errors(fitted, windows_of(values)).values()) == pytest.approx(
        slow_errors(chosen, values, 3), rel=1e-6
    )


def test_what_takes_too_long_to_sum_up_is_fitted_to_some(monkeypatch):
    values = np.random.default_rng(5).normal(size=(500, 3, 2))
    monkeypatch.setattr(pca, "MOST_FIT", 100 * 6**2)
    fitted = fit_components(windows_of(values), 3)
    chosen = values[np.linspace(0, 499, 100).round().astype(int)]
    assert fitted.windows == 100
    assert tuple(pca_errors(fitted, windows_of(values)).values()) == pytest.approx(
        slow_errors(chosen, values, 3)
    )


def test_a_whole_basis_is_known_from_some_windows_where_they_span_everything(monkeypatch):
    rng = np.random.default_rng(7)
    summed_up = []
    blocks = pca._blocks
    monkeypatch.setattr(
        pca, "_blocks", lambda *what: (summed_up.append(len(what[2])), blocks(*what))[1]
    )
    values = rng.normal(size=(500, 3, 2))
    fitted = fit_components(windows_of(values), 6)
    assert (len(fitted.components), fitted.windows, summed_up) == (6, 500, [12])
    assert pca_errors(fitted, windows_of(values)) == {"mae": 0, "mse": 0}
    fit_components(windows_of(values), 5)
    assert summed_up == [12, 500]

    values[np.arange(500) != 250, 0, 0] = 0.0  # the only other window is none of those
    fitted = fit_components(windows_of(values), 6)
    assert (len(fitted.components), fitted.windows, summed_up[2:]) == (6, 500, [12, 500])


def test_no_eigenvectors_are_sought_where_any_basis_will_do(monkeypatch):
    rng = np.random.default_rng(8)
    values = rng.normal(size=(500, 3, 2)) * [1, 1e-6] + 1e3
    sought = []
    leading = pca._leading
    monkeypatch.setattr(pca, "_leading", lambda *what: (sought.append(1), leading(*what))[1])
    fitted = fit_components(windows_of(values), 6)
    np.testing.assert_array_equal(fitted.components @ fitted.components.T, np.eye(6))
    assert (fitted.windows, sought) == (500, [])
    fit_components(windows_of(values), 5)
    assert sought == [1]
    values[:, 1, 1] = values[:, 0, 0] * (1 + 1e-15)  # but for rounding the same
    assert len(fit_components(windows_of(values), 6).components) == 5


UNKNOWN = {"pca": None, "pca_components": None, "pca_windows": None}


def test_what_is_too_large_is_not_known(monkeypatch):
    split = split_windows(np.zeros((200, 1)), WindowsConfig(window_length=8, stride=8))
    assert pca_baseline(split, 2)["pca_components"] == 0
    assert pca_baseline(split, 2, memory=100) == UNKNOWN
    monkeypatch.setattr(pca, "MOST_COVARIANCE", 4)
    assert pca_baseline(split, 2, memory=100) == UNKNOWN
    monkeypatch.setattr(pca, "MOST_VALUES", 7)
    assert pca_baseline(split, 2) == UNKNOWN
    split = split_windows(
        np.random.default_rng(6).normal(size=(200, 1)), WindowsConfig(window_length=4, stride=4)
    )
    monkeypatch.setattr(pca, "MOST_WORK", 2 * 50 * 4 * 2 - 1)
    assert pca_baseline(split, 2) == UNKNOWN
    assert pca_baseline(split, 1)["pca_components"] == 1


def test_nothing_that_goes_wrong_gets_out(monkeypatch):
    split = split_windows(np.zeros((200, 1)), WindowsConfig(window_length=8, stride=8))
    asked = []
    assert pca_baseline(split, 2, lambda: len(asked) == 1 or asked.append(0)) == UNKNOWN
    with pytest.raises(GaveUp):
        fit_components(split.train, 2, lambda: True)

    for error in (MemoryError, np.linalg.LinAlgError):
        monkeypatch.setattr(np.linalg, "eigh", Mock(side_effect=error))
        assert pca_baseline(split, 2) == UNKNOWN
