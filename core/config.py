"""The one typed description of an experiment.

`ExperimentConfig` drives the widgets, the share link, the worker, the command line and the saved
run. It is frozen; every limit of the software is a bound of one of its fields; every field changes
what is trained. Three forms of it round-trip exactly: the object, JSON, and the flat dotted text
of a link or of `--set` (`model.output_activation=relu`).
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.config_faults import FieldFault
from core.number_text import count_text

CONFIG_VERSION = 1
VERSION_KEY = "v"  # the version's key in a link

Source = Literal["generator", "sample", "file"]
Generator = Literal[
    "sines",
    "chirp",
    "square",
    "sawtooth",
    "ecg",
    "random_walk",
    "autoregressive",
    "spikes",
    "question",
]
AnomalyKind = Literal["spike", "dropout", "level_shift", "frequency_change"]
Split = Literal["auto", "last", "random"]
NormalizationMethod = Literal[
    "none", "minmax", "minmax_symmetric", "standard", "robust", "maxabs", "log1p"
]
NormalizationScope = Literal["global", "channel", "window"]
OutputActivation = Literal[
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "softplus",
    "exponential",
    "linear",
]
HiddenActivation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "linear"]
Loss = Literal["mae", "mse", "huber", "log_cosh"]
Optimizer = Literal["adam", "adamw", "nadam", "rmsprop", "sgd"]
Schedule = Literal["constant", "step", "plateau"]
Precision = Literal["float32", "bfloat16"]
Backend = Literal["tensorflow", "jax"]
UNSCOPED = ("none", "log1p")  # methods that treat all channels and windows alike, as they are
MissingPolicy = Literal["interpolate", "previous", "zero", "error"]


def choices(literal: Any) -> tuple[str, ...]:
    """The allowed names of one of the Literal types above, in the order they are offered."""
    return get_args(literal)


def _listed(value: Any) -> Any:
    """Accept `64,32` or `["a","b"]` where a tuple is expected, as links and `--set` write it."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError("The list is nested too deeply") from error
        except json.JSONDecodeError as error:
            raise ValueError("It must be a list, such as [64, 32]") from error
    return [part.strip() for part in text.split(",")] if text else []


def _optional(value: Any) -> Any:
    """Accept the word `none` where an optional value is expected."""
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


Name = Annotated[str, Field(max_length=200)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed), Field(max_length=4096)]
Filters = Annotated[
    tuple[Annotated[int, Field(ge=1, le=1024)], ...],
    BeforeValidator(_listed),
    Field(max_length=7),
]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )


class ReadOptions(_Part):
    """How a file is read. `auto` means: detected, and shown with what was found."""

    separator: Literal["auto", "comma", "semicolon", "tab", "space", "pipe"] = "auto"
    decimal: Literal["auto", "point", "comma"] = "auto"
    thousands: Literal["none", "comma", "point", "space", "apostrophe"] = "none"
    header: Literal["auto", "yes", "no"] = "auto"
    comment: Annotated[str, Field(max_length=4)] = "#"
    layout: Literal["auto", "wide", "long", "windows"] = "auto"
    time_column: Annotated[Name | None, BeforeValidator(_optional)] = "auto"
    id_column: Name = ""  # long form: which series a row belongs to
    value_column: Name = ""  # long form: its value
    label_columns: Annotated[Names | None, BeforeValidator(_optional)] = None  # None: recognised
    channels: Annotated[Names | None, BeforeValidator(_optional)] = None  # None: all that remain
    variable: Name = ""  # member of an NPZ, variable of a MAT file, field of a structured array
    axes: Literal["auto", "channels_last", "channels_first"] = "auto"
    sampling_rate_hz: Annotated[
        Annotated[float, Field(gt=0, le=1e12)] | None, BeforeValidator(_optional)
    ] = None  # None: as the file says; with mixed rates, the rate to keep
    unit: Annotated[str, Field(max_length=40)] = ""  # of the values; empty: as the file says
    missing: MissingPolicy = "interpolate"


class DataConfig(_Part):
    """What is modelled: a generated signal, a sample of a package, or a file of the data folder."""

    source: Source = "generator"
    name: Name = "sines"  # the generator, the sample, or the file's name as shown
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""  # of a file's recording
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    time_steps: Annotated[int, Field(ge=2, le=100_000_000)] = 20_000
    channels: Annotated[int, Field(ge=1, le=256)] = 4
    sampling_rate_hz: Annotated[float, Field(gt=0, le=1e9)] = 100.0
    frequency_hz: Annotated[float, Field(gt=0, le=1e9)] = 1.0
    amplitude: Annotated[float, Field(gt=0, le=1e12)] = 1.0
    noise: Annotated[float, Field(ge=0, le=10)] = 0.05  # standard deviation / amplitude
    anomalies: Annotated[tuple[AnomalyKind, ...], BeforeValidator(_listed)] = ()
    anomaly_count: Annotated[int, Field(ge=0, le=1000)] = 0
    reading: ReadOptions = ReadOptions()

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if self.source == "generator" and self.name not in choices(Generator):
            raise FieldFault(
                "name",
                f"It must be one of the generators {', '.join(choices(Generator))}. "
                f"Received: {self.name!r}",
            )
        return self

    @property
    def file_key(self) -> str:
        """The key of the file's recording that this is made of; empty for any other source."""
        return self.sha256 if self.source == "file" else ""

    @property
    def with_anomalies(self) -> bool:
        return bool(self.anomalies) and self.anomaly_count > 0

    def made_from(self) -> dict[str, Any]:
        """The fields that decide the recording; the others have no meaning for its source."""
        fields = _MADE_FROM[self.source]
        if self.source == "generator" and self.name != "question":
            fields += ("frequency_hz",)
        if self.with_anomalies:
            fields += ("seed", "anomalies", "anomaly_count")
        return {field: getattr(self, field) for field in fields}


_SIGNAL = ("seed", "time_steps", "channels", "sampling_rate_hz", "amplitude", "noise")
_MADE_FROM: dict[Source, tuple[str, ...]] = {
    "file": ("source", "name", "sha256"),
    "sample": ("source", "name"),
    "generator": ("source", "name", *_SIGNAL),
}


class WindowsConfig(_Part):
    """How a recording is cut: lengths and strides in time steps."""

    window_length: Annotated[int, Field(ge=2, le=65_536)] = 200
    stride: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    split: Split = "auto"  # auto: the last part of a recording; a seeded choice of ready windows


class NormalizationConfig(_Part):
    """What is done to the values before the model sees them, and undone after it."""

    method: NormalizationMethod = "standard"
    scope: NormalizationScope = "channel"
    clip_percentile: Annotated[
        Annotated[float, Field(ge=0, lt=50)] | None, BeforeValidator(_optional)
    ] = None  # p: values beyond the training data's p-th and (100-p)-th percentile are clipped

    @model_validator(mode="after")
    def _check_clip(self) -> Self:
        if self.scope == "window" and self.clip_percentile is not None:
            raise FieldFault(
                "clip_percentile",
                "It has no meaning per window, as each window sets its own range: set it to none, "
                f"or fit per channel. Received: {self.clip_percentile}",
            )
        return self


class ModelConfig(_Part):
    """The autoencoder; the defaults are the architecture of the public question."""

    filters: Filters = (64, 32)  # of the convolutions before the latent one
    kernel_size: Annotated[int, Field(ge=1, le=129)] = 3
    pooling_steps: Annotated[int, Field(ge=0, le=8)] = 3  # each halves the length
    latent_channels: Annotated[int, Field(ge=1, le=1024)] = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    hidden_activation: HiddenActivation = "relu"
    output_activation: OutputActivation = "linear"

    @model_validator(mode="after")
    def _check_pooling(self) -> Self:
        if self.pooling_steps > len(self.filters) + 1:
            raise FieldFault(
                "pooling_steps",
                f"It can be at most {len(self.filters) + 1} with "
                f"{count_text(len(self.filters), 'filter')} and the latent layer: one for each "
                f"convolution. Received: {self.pooling_steps}",
            )
        return self


class TrainingConfig(_Part):
    """How the weights are found."""

    loss: Loss = "mae"
    optimizer: Optimizer = "adam"
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.001
    schedule: Schedule = "constant"  # step: the rate falls every decay_epochs epochs;
    # plateau: whenever the validation loss has not fallen for that many. Neither looks at how many
    # epochs there will be, so that a run trained further is as one that asked for more at first.
    decay_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    decay_epochs: Annotated[int, Field(ge=1, le=10_000)] = 5
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 32  # windows
    patience: Annotated[int, Field(ge=0, le=10_000)] = 0  # epochs without gain; 0: never stop early
    keep_best: bool = True  # end with the weights of the best validation loss, not the last
    precision: Precision = "float32"  # of the convolutions in training; weights stay 32 bits wide
    backend: Backend = "tensorflow"  # of Keras; each draws other weights from the same seed
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0


class ExperimentConfig(_Part):
    """Everything that decides a run's result."""

    version: Literal[1] = CONFIG_VERSION
    name: Annotated[str, Field(max_length=120)] = ""
    data: DataConfig = DataConfig()
    windows: WindowsConfig = WindowsConfig()
    normalization: NormalizationConfig = NormalizationConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        return cls.model_validate_json(text)

    def default_name(self) -> str:
        """What a run is called if its owner does not say."""
        parts = self.data.name, self.normalization.method, self.model.output_activation
        return ", ".join(parts)[:120]

    def identity(self) -> str:
        """All that decides the result, as text: not the name, nor a choice without a meaning."""
        data = DataConfig().model_copy(update=self.data.made_from())
        return self.model_copy(update={"data": data})._without_idle_choices()

    def course(self) -> str:
        """All that decides what each epoch does, as text: `identity` without when to stop.

        Checkpoints hold its hash: it counts all fields of the data, as it always has.
        """
        ends = {"epochs": 1, "patience": 0, "keep_best": True}
        training = self.training.model_copy(update=ends)
        return self.model_copy(update={"training": training})._without_idle_choices()

    def _without_idle_choices(self) -> str:
        """As text, with defaults for the scope and the decay where they have no meaning."""
        scaling, training = self.normalization, self.training
        if scaling.method in UNSCOPED and scaling.clip_percentile is None:
            scaling = scaling.model_copy(update={"scope": "channel"})
        if training.schedule == "constant":
            training = training.model_copy(update=_NO_DECAY)
        changes = {"normalization": scaling, "training": training, "name": ""}
        return self.model_copy(update=changes).model_dump_json()

    def replace(self, changes: Mapping[str, Any]) -> Self:
        """A copy with dotted fields changed, validated: `{"model.dropout": 0.1}`.

        Raises pydantic.ValidationError naming the field; see `config_faults`.
        """
        return type(self).model_validate(with_changes(self.model_dump(), changes))

    def to_query(self) -> dict[str, str]:
        """The fields that differ from the defaults, as readable link parameters."""
        default = flatten(ExperimentConfig().model_dump())
        mine = flatten(self.model_dump())
        changed = {key: _text(value) for key, value in mine.items() if value != default[key]}
        return {VERSION_KEY: str(self.version)} | changed

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """The inverse of `to_query`. Raises pydantic.ValidationError naming the field."""
        fields = {key: value for key, value in query.items() if key != VERSION_KEY}
        version = query.get(VERSION_KEY, str(CONFIG_VERSION))
        if version != str(CONFIG_VERSION):
            fields["version"] = version
        return cls().replace(fields)


_NO_DECAY = {
    field: TrainingConfig.model_fields[field].default for field in ("decay_factor", "decay_epochs")
}


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"model": {"dropout": 0}}` as `{"model.dropout": 0}`."""
    flat = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def with_changes(nested: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a nested configuration dict with dotted fields set; nothing is validated."""
    result = json.loads(json.dumps(nested))
    for dotted, value in changes.items():
        *parents, leaf = dotted.split(".")
        place = result
        for parent in parents:
            child = place.setdefault(parent, {})
            if not isinstance(child, dict):  # `training.epochs.x`: let validation name it
                child = place[parent] = {}
            place = child
        place[leaf] = value
    return result


def _text(value: Any) -> str:
    """One field as link text; `_listed` and `_optional` read it back."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        plain = all(isinstance(item, int) for item in value) and len(value) > 0
        return ",".join(map(str, value)) if plain else json.dumps(list(value), ensure_ascii=False)
    return str(value)


PRESETS = {
    "default": ExperimentConfig(),
    "question": ExperimentConfig(
        name="The public question",
        data=DataConfig(name="question", time_steps=6_272_000, amplitude=255.0, noise=0.0),
        normalization=NormalizationConfig(method="none"),
        model=ModelConfig(output_activation="sigmoid"),
        # With some seeds a ReLU output channel dies.
        training=TrainingConfig(epochs=4, batch_size=256, seed=1),
    ),
}
