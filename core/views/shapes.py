"""How the shape of an array is said."""

from collections.abc import Iterable


def shape_text(shape: Iterable[int]) -> str:
    """`1,797 × 8 × 8`"""
    return " × ".join(f"{size:,}" for size in shape)
