"""The configuration: exact round trips, readable links, and errors that name the field."""

import typing
from types import UnionType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from core.config import (
    PRESETS,
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    NormalizationConfig,
    TrainingConfig,
    WindowsConfig,
    flatten,
)
from core.config_faults import explain
from core.signals.store import recording_key

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
shares = st.floats(0.01, 0.99)
configs = st.builds(
    ExperimentConfig,
    name=texts,
    data=st.builds(
        DataConfig,
        source=st.just("file"),
        name=texts,
        sha256=st.sampled_from(["", "0f" * 32]),
        seed=st.integers(0, 2**32 - 1),
        noise=st.floats(0, 10),
        amplitude=st.floats(1e-6, 1e12),
        anomalies=st.lists(st.sampled_from(["spike", "dropout"])).map(tuple),
        reading=st.fixed_dictionaries(
            {
                "label_columns": st.none() | st.lists(texts, max_size=3).map(tuple),
                "channels": st.none() | st.lists(texts, max_size=3).map(tuple),
                "time_column": st.sampled_from([None, "auto", "t"]),
                "sampling_rate_hz": st.none() | st.floats(1e-3, 1e6),
            }
        ),
    ),
    windows=st.builds(WindowsConfig, window_length=st.integers(2, 65_536), validation_share=shares),
    normalization=st.builds(
        NormalizationConfig,
        method=st.sampled_from(["none", "minmax", "log1p"]),
        clip_percentile=st.none() | st.floats(0, 49),
    ),
    model=st.builds(
        ModelConfig,
        filters=st.lists(st.integers(1, 1024), min_size=2, max_size=7).map(tuple),
        dropout=st.floats(0, 0.99),
        output_activation=st.sampled_from(["sigmoid", "relu", "linear"]),
    ),
    training=st.builds(TrainingConfig, learning_rate=st.floats(1e-8, 10), keep_best=st.booleans()),
)


@given(configs)
def test_json_round_trip(config):
    assert ExperimentConfig.from_json(config.to_json()) == config


@given(configs)
def test_link_round_trip(config):
    query = config.to_query()
    assert all(isinstance(text, str) for text in query.values())
    assert ExperimentConfig.from_query(query) == config


def test_a_link_is_readable_and_leaves_defaults_out():
    assert ExperimentConfig().to_query() == {"v": "1"}
    config = ExperimentConfig().replace(
        {"model.output_activation": "relu", "model.filters": "64,16", "training.keep_best": "false"}
    )
    assert config.to_query() == {
        "v": "1",
        "model.output_activation": "relu",
        "model.filters": "64,16",
        "training.keep_best": "false",
    }


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_presets_round_trip(preset):
    assert ExperimentConfig.from_query(preset.to_query()) == preset


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"model.colour": 1}, "model.colour", "no such field"),
        ({"colour": 1}, "colour", "no such field"),
        ({"training.epochs": 0}, "training.epochs", "It must be at least 1. Received: 0"),
        ({"training.epochs": 10**9}, "training.epochs", "It can be at most 10,000. Received: 1000"),
        (
            {"training.epochs": "many"},
            "training.epochs",
            "a whole number, such as 64. Received",
        ),
        ({"training.epochs": 1.5}, "training.epochs", "a whole number, such as 64. Received: 1.5"),
        ({"training.epochs": None}, "training.epochs", "a whole number, such as 64. Received: N"),
        ({"training.epochs": 2**63}, "training.epochs", "at most 10,000"),
        (
            {"training.epochs": "9" * 5000},
            "training.epochs",
            "It must be a smaller number",
        ),
        (
            {"training.learning_rate": "nan"},
            "training.learning_rate",
            "a finite number. Rec",
        ),
        (
            {"training.learning_rate": 1e308},
            "training.learning_rate",
            "at most 10. Received: 1",
        ),
        ({"training.learning_rate": 0}, "training.learning_rate", "more than 0. Received: 0"),
        ({"training.learning_rate": "a"}, "training.learning_rate", "a number, such as 0.5. Recei"),
        ({"training.learning_rate": []}, "training.learning_rate", "a number, such as 0.5. Recei"),
        ({"model.dropout": 1}, "model.dropout", "It must be less than 1. Received: 1"),
        ({"training.batch_size": -1}, "training.batch_size", "at least 1"),
        ({"training.keep_best": "maybe"}, "training.keep_best", "true or false. Received: 'maybe'"),
        ({"training.keep_best": 1.5}, "training.keep_best", "true or false. Received: 1.5"),
        ({"training.loss": "l1"}, "training.loss", "mae, mse, huber or log_cosh. Received: 'l1'"),
        ({"windows.stride": 0}, "windows.stride", "at least 1"),
        ({"name": "x" * 121}, "name", "It can have at most 120 characters. Received: 'x"),
        ({"name": 5}, "name", "It must be text. Received: 5"),
        ({"name": "\ud800"}, "name", "It must be text. Received: '"),
        ({"model": 7}, "model", "a group of fields (in JSON an object). Received: 7"),
        ({"model.pooling_steps": 4}, "model.pooling_steps", "at most 3 with 2 filters and"),
        ({"model.filters": "8"}, "model.pooling_steps", "at most 2 with 1 filter and"),
        ({"model.filters": "64,x"}, "model.filters.1", "a whole number, such as 64. Received: 'x'"),
        ({"model.filters": 5}, "model.filters", "a list, such as 64, 32. Received: 5"),
        ({"model.filters": "[64,"}, "model.filters", "a list, such as [64, 32]. Received: '[64,'"),
        (
            {"model.filters": [1] * 8},
            "model.filters",
            "at most 7 entries; these are 8",
        ),
        ({"model.filters": "[" * 20_000}, "model.filters", "nested too deeply. Received: '[[["),
        ({"data.name": "noise"}, "data.name", "one of the generators sines"),
        ({"data.sha256": "../../x"}, "data.sha256", "a SHA-256: 64 digits of 0 to 9 and a to f. R"),
        ({"training.epochs.x": 1}, "training.epochs", "a whole number"),
        ({"version": 2}, "version", "It must be 1. Received: 2"),
    ],
)
def test_a_fault_names_its_field(changes, field, text):
    with pytest.raises(ValidationError) as caught:
        ExperimentConfig().replace(changes)
    faults = explain(caught.value)
    assert text in faults[field]
    assert not any("should" in sentence or "alue error" in sentence for sentence in faults.values())


def test_clipping_per_window_is_refused():
    with pytest.raises(ValidationError, match="has no meaning per window"):
        NormalizationConfig(scope="window", clip_percentile=1)


def test_a_link_of_a_newer_version_is_refused():
    with pytest.raises(ValidationError) as caught:
        ExperimentConfig.from_query({"v": "2", "model.dropout": "0.1"})
    assert "version" in explain(caught.value)


def test_deep_nesting_is_an_error():
    with pytest.raises(ValidationError):
        ExperimentConfig.from_json('{"data":' * 10_000)


def _leaves(part: type[BaseModel], prefix: str = "") -> list[str]:
    names = []
    for name, field in part.model_fields.items():
        kind = field.annotation
        is_part = not isinstance(kind, UnionType | typing._GenericAlias) and issubclass(
            kind, BaseModel
        )
        names += _leaves(kind, f"{prefix}{name}.") if is_part else [f"{prefix}{name}"]
    return names


def test_flatten_reaches_every_field():
    assert sorted(flatten(ExperimentConfig().model_dump())) == sorted(_leaves(ExperimentConfig))


def test_the_identity_leaves_out_what_changes_nothing():
    config = ExperimentConfig()
    assert config.replace({"name": "x"}).identity() == config.identity()
    assert config.replace({"training.seed": 1}).identity() != config.identity()
    raw = {"normalization.method": "none"}
    other = raw | {"normalization.scope": "global"}
    assert config.replace(raw).identity() == config.replace(other).identity()
    assert config.replace({"normalization.scope": "global"}).identity() != config.identity()
    clip = {"normalization.clip_percentile": 1}
    assert config.replace(raw | clip).identity() != config.replace(other | clip).identity()


LEFT_OVER = {  # of other sources, in the form before; no recording is made from it
    "data.time_steps": 50_000,
    "data.noise": 0.2,
    "data.seed": 3,
    "data.anomalies": ("spike",),
    "data.reading.separator": "tab",
}


@pytest.mark.parametrize(
    ("own", "idle", "decides"),
    [
        (
            {"data.source": "file", "data.name": "a.csv", "data.sha256": "a" * 64},
            LEFT_OVER,
            {"data.sha256": "b" * 64},
        ),
        (
            {"data.source": "sample", "data.name": "ecg"},
            LEFT_OVER | {"data.sha256": "a" * 64},
            {"data.name": "other"},
        ),
        ({"data.name": "question"}, {"data.frequency_hz": 3.0}, {"data.noise": 0.3}),
        ({"data.name": "sines"}, {"data.sha256": "a" * 64}, {"data.frequency_hz": 3.0}),
        ({"data.anomalies": ("spike",), "data.anomaly_count": 2}, {}, {"data.anomaly_count": 3}),
    ],
)
def test_a_field_of_another_source_is_not_part_of_the_identity(own, idle, decides):
    config = ExperimentConfig().replace(own)
    other, different = config.replace(idle), config.replace(decides)
    assert other.identity() == config.identity() != different.identity()
    assert recording_key(other.data) == recording_key(config.data) != recording_key(different.data)
    assert config.course() != different.course()


def test_a_link_that_nests_parts_without_end_is_refused():
    deep = "name" + ".a" * 6000
    with pytest.raises(ValidationError) as caught:
        ExperimentConfig.from_query({"v": "1", deep: "1"})
    assert explain(caught.value)["name"].endswith("Received: ...")
