"""As many latent values as a window has, or more: the model need not compress anything."""

from typing import Any

from core.architecture import describe_architecture
from core.config import ExperimentConfig
from core.diagnosis.evidence import Evidence, Finding
from core.number_text import count_text, ratio_text

COMPRESSION = 4  # the least ratio that the remedy brings


def find(config: ExperimentConfig, evidence: Evidence) -> Finding | None:
    ratio = evidence.compression_ratio
    if ratio is None or ratio > 1:
        return None
    shape = describe_architecture(config.model, config.windows.window_length, 1)
    values = round(ratio * shape.latent_values)
    remedy = _remedy(config, values)
    text = ""
    if remedy:
        latent = remedy["model.latent_channels"]
        parts = [count_text(latent, "latent channel")]
        if pooling := remedy.get("model.pooling_steps"):
            parts.append(count_text(pooling, "pooling step"))
        text = f"Use {' and '.join(parts)}"
    return Finding(
        "no_bottleneck",
        "No bottleneck",
        f"The latent layer holds {count_text(shape.latent_values, 'value')} for the {values:,} of "
        "a window: "
        "the model could pass them through, so a small error says little about what it has "
        "learned of the signals.",
        "info",
        {
            "Values of a window": values,
            "Latent values": shape.latent_values,
            "Compression": ratio_text(ratio),
        },
        remedy,
        text,
    )


def _remedy(config: ExperimentConfig, window_values: int) -> dict[str, Any]:
    """The most latent channels that compress enough, with more pooling only if it takes that."""
    model, length = config.model, config.windows.window_length
    for pooling in range(model.pooling_steps, min(8, len(model.filters) + 1) + 1):
        deeper = model.model_copy(update={"pooling_steps": pooling, "latent_channels": 1})
        steps = describe_architecture(deeper, length, 1).latent_values
        if latent := min(model.latent_channels, window_values // (COMPRESSION * steps)):
            changes = {"model.latent_channels": latent}
            if pooling != model.pooling_steps:
                changes["model.pooling_steps"] = pooling
            return changes
    return {}
