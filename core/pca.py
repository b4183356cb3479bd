"""What principal components reach: the best linear autoencoder of so many latent values.

Principal component analysis (K. Pearson, 1901; H. Hotelling, 1933) describes a window `x` of
`D = window_length * channels` values by its `k` coordinates in an orthonormal basis `V` (k, D):
`mean + V.T V (x - mean)`. Of all linear encoders and decoders with k latent values none has a
smaller mean squared error on the windows it was fitted to (C. Eckart and G. Young, 1936).

`V` are the leading eigenvectors of the covariance matrix (D, D) of all training windows. With more
values than windows, or than MOST_COVARIANCE, they come from the Gram matrix of the windows
themselves, evenly spaced ones if there are many. Sums are 64-bit.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.windows import Split, Windows

MOST_COVARIANCE = 4096  # values of a window, up to which the covariance matrix is taken
MOST_GRAM = 4096  # windows whose Gram matrix is taken
MOST_VALUES = 1_000_000  # of a window
MOST_MEMORY = 1.5e9  # bytes
MOST_FIT = 1e12  # multiplications to sum up a covariance matrix: some 15 s on two cores
MOST_WORK = 4e12  # multiplications in all
_EPSILON = float(np.finfo(np.float64).eps)
_BLOCK = 2_000_000  # values at a time
_MATRICES = 5  # as large as the one whose eigenvectors are sought, while they are

Check = Callable[[], bool]


class GaveUp(Exception):
    """Somebody does not want to wait for it."""


@dataclass(frozen=True)
class PrincipalComponents:
    """A basis of windows, in original units."""

    mean: np.ndarray  # (D,)
    components: np.ndarray  # (k, D), orthonormal rows, the greatest variance first but for k = D
    windows: int  # it was fitted to

    def residual(self, windows: np.ndarray) -> np.ndarray:
        """What the components cannot say of windows `(windows, D)`, of the same shape."""
        centred = (windows - self.mean).astype(self.components.dtype, copy=False)
        centred -= (centred @ self.components.T) @ self.components
        return centred


def pca_baseline(
    split: Split,
    components: int,
    give_up: Check = lambda: False,
    memory: float = MOST_MEMORY,
) -> dict[str, Any]:
    """Errors of both parts with so many components, or as many as the training windows have.

    Returns `pca` (`{part: {"mae": .., "mse": ..}}`, original units), `pca_components` and
    `pca_windows`, the windows they were fitted to: all None where it would be too large, where the
    memory does not suffice, or as soon as `give_up()`.
    """
    try:
        fitted = fit_components(split.train, components, give_up, memory)
        total = len(split.train) + len(split.validation)
        if fitted is not None and 2 * total * fitted.components.size <= MOST_WORK:
            return {
                "pca": {part: pca_errors(fitted, data, give_up) for part, data in split.parts()},
                "pca_components": len(fitted.components),
                "pca_windows": fitted.windows,
            }
    except (GaveUp, MemoryError, np.linalg.LinAlgError):
        pass
    return {"pca": None, "pca_components": None, "pca_windows": None}


def fit_components(
    train: Windows,
    components: int,
    give_up: Check = lambda: False,
    memory: float = MOST_MEMORY,
) -> PrincipalComponents | None:
    """The leading components of the training windows, at most as many as their rank.

    None where it would need more memory, in bytes, or a window has too many values. Raises GaveUp.
    """
    values = math.prod(train.shape[1:])
    if values > MOST_VALUES:
        return None
    if values <= MOST_COVARIANCE and len(train) >= values:
        if _MATRICES * 8 * values**2 > memory:
            return None
        if components >= values:
            few = _from_covariance(train, components, give_up, 2 * values)
            if len(few.components) == values or few.windows == len(train):
                return replace(few, windows=len(train))  # all of them span no more
        most = max(values, int(MOST_FIT / values**2))
        return _from_covariance(train, components, give_up, most)
    positions = _spaced(len(train), MOST_GRAM)
    count = len(positions)
    copy = train.segments.itemsize * count * values
    basis = _basis_type(values).itemsize * min(components, count) * values
    if copy + basis + _MATRICES * 8 * count**2 > memory:
        return None
    return _from_gram(train.take(positions).reshape(count, values), components, give_up)


def pca_errors(
    fitted: PrincipalComponents, windows: Windows, give_up: Check = lambda: False
) -> dict[str, float]:
    """Mean absolute and mean squared error over all windows, in original units. Raises GaveUp."""
    absolute = squared = 0.0
    if len(fitted.components) == len(fitted.mean):
        return {"mae": absolute, "mse": squared}  # a whole basis says everything
    for block in _blocks(windows, give_up):
        residual = fitted.residual(block)
        squared += float(np.vdot(residual, residual))
        absolute += float(np.abs(residual, out=residual).sum(dtype=np.float64))
    total = math.prod(windows.shape)
    return {"mae": absolute / total, "mse": squared / total}


def _from_covariance(
    train: Windows, components: int, give_up: Check, most: int
) -> PrincipalComponents:
    """most: windows to look at, evenly spaced ones."""
    values = math.prod(train.shape[1:])
    positions = _spaced(len(train), most)
    count = len(positions)
    near = train.take(_spaced(len(train), _BLOCK // values)).reshape(-1, values)
    near = near.mean(axis=0, dtype=np.float64)  # the mean, nearly: so that one pass is enough
    covariance, away = np.zeros((values, values)), np.zeros(values)
    for block in _blocks(train, give_up, positions):
        block -= near
        covariance += block.T @ block
        away += block.sum(axis=0)
    covariance -= np.outer(away, away / count)
    mean = near + away / count
    rounding = _rounding(mean, count)
    if components >= values and _is_of_full_rank(covariance, rounding):
        return PrincipalComponents(mean, np.eye(values), count)  # as good as any basis
    _, vectors = _leading(covariance, components, rounding)
    return PrincipalComponents(mean, np.ascontiguousarray(vectors.T), count)


def _from_gram(windows: np.ndarray, components: int, give_up: Check) -> PrincipalComponents:
    """windows: `(windows, D)`; its rows' directions are sought in the space of the windows."""
    count, values = windows.shape
    mean = windows.mean(axis=0, dtype=np.float64)
    size = max(1, _BLOCK // count)
    pieces = [slice(start, start + size) for start in range(0, values, size)]
    gram = np.zeros((count, count))
    for piece in pieces:
        if give_up():
            raise GaveUp
        centred = windows[:, piece] - mean[piece]  # (windows, some values)
        gram += centred @ centred.T
    variances, vectors = _leading(gram, components, _rounding(mean, count))
    vectors /= np.sqrt(variances)
    basis = np.empty((len(variances), values), _basis_type(values))
    for piece in pieces:
        basis[:, piece] = vectors.T @ (windows[:, piece] - mean[piece])
    return PrincipalComponents(mean, basis, count)


def _leading(matrix: np.ndarray, most: int, rounding: float) -> tuple[np.ndarray, np.ndarray]:
    """The greatest eigenvalues, falling, and their eigenvectors as columns: as many as `most`,
    or as the rank, beyond which eigenvalues are no more than rounding, of the windows or sums."""
    eigenvalues, vectors = np.linalg.eigh(matrix)
    rounding = max(rounding, eigenvalues[-1] * len(matrix) * _EPSILON)
    count = min(most, int(np.count_nonzero(eigenvalues > rounding)))
    chosen = np.arange(len(matrix) - 1, len(matrix) - 1 - count, -1)
    return eigenvalues[chosen], vectors[:, chosen]


def _is_of_full_rank(matrix: np.ndarray, rounding: float) -> bool:
    """Whether it certainly is, as `_leading` has it: told by a decomposition that takes a tenth of
    the time, and is off by no more than is taken away here twice."""
    rounding = max(rounding, float(np.linalg.norm(matrix)) * len(matrix) * _EPSILON)
    try:
        np.linalg.cholesky(matrix - 2 * rounding * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        return False
    return True


def _rounding(mean: np.ndarray, windows: int) -> float:
    """What is left of the squares of so many windows that are all alike."""
    return 4 * windows * float(np.sum((_EPSILON * mean) ** 2))


def _blocks(
    windows: Windows, give_up: Check, positions: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Windows at these positions, all by default, as 64-bit blocks `(some windows, D)`."""
    values = math.prod(windows.shape[1:])
    positions = np.arange(len(windows)) if positions is None else positions
    size = max(1, _BLOCK // values)
    for start in range(0, len(positions), size):
        if give_up():
            raise GaveUp
        block = windows.take(positions[start : start + size])
        yield block.reshape(-1, values).astype(np.float64)


def _spaced(count: int, most: int) -> np.ndarray:
    """Positions of at most so many windows, evenly spaced."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def _basis_type(values: int) -> np.dtype:
    """Of a basis: 32-bit where it is large."""
    return np.dtype(np.float64 if values <= MOST_COVARIANCE else np.float32)
