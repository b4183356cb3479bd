"""One palette with a fixed meaning on every page.

Each colour has a contrast of at least 3:1 on the light and on the dark background, so a chart needs
no second version. Pairs that meet in one chart differ in lightness and in dash, not in hue alone.
"""

ORIGINAL = "#3779C2"  # what was recorded
RECONSTRUCTION = "#DB6F17"  # what a model gives back
RESIDUAL = "#A9559F"  # reconstruction - original
TRAIN = "#148F7C"  # the part a model learns from
VALIDATION = "#8067D8"  # the part it never sees
FLOOR = "#D33F5C"  # the least possible error; values that cannot be said
SATURATION = "#9355C4"  # values at an end that is approached and never reached
PCA = "#B07A00"  # the error of principal components, as many as a model has latent values
NEUTRAL = "#7A8594"  # guides, boundaries, what is neither good nor bad
ANOMALY = "#C28A00"  # a stretch known to be unusual

FLOOR_DASH = (6, 3)
CONSTANT_DASH = (2, 3)
PCA_DASH = (10, 3, 2, 3)

CHANNELS = (
    "#3779C2",
    "#B5651D",
    "#148F7C",
    "#A9559F",
    "#9A7B00",
    "#2A8FBD",
    "#C84B4B",
    "#6F7F3B",
    "#8067D8",
    "#7A8594",
)


def channel_color(index: int) -> str:
    """The colour of a channel; it repeats after ten, so charts with more also name them."""
    return CHANNELS[index % len(CHANNELS)]
