"""An error at its floor explains the channels that are at their own floors, and no others."""

import pytest

from core.diagnosis import diagnose
from tests.evidence import CONFIG, SIGMOID, both, kinds, line, of_channels, over, rows

RAW_RELU = {"model.output_activation": "relu", "normalization.method": "none"}


def loud_and_quiet(quiet, floors=(12.0, 0.0), **changes):
    """The loud channel is at its floor, and so is the mean over both, whatever the quiet one is."""
    known = {
        "history": rows([6.2] * 5),
        "errors": both(6.2),
        "floor": both(6.0),
        "constant": both(30.15),
        "channel_errors": of_channels(12.1, quiet),
        "channel_constants": of_channels(60.0, 0.3),
        "channel_floors": of_channels(*floors),
        "channel_names": ("loud", "quiet"),
    }
    return over(**known | changes)


def outputs(**statistics):
    return [line(epoch, **statistics) for epoch in range(1, 6)]


def found(evidence, changes=SIGMOID):
    findings = diagnose(CONFIG.replace(changes), evidence)
    return {item.kind: item.evidence.get("Channel") for item in findings}


def test_a_quiet_channel_that_was_not_learned_is_told_beside_the_floor_of_a_loud_one():
    assert found(loud_and_quiet(0.3)) == {"floor": None, "no_better": ["quiet"]}
    assert found(loud_and_quiet(0.2)) == {"floor": None}
    assert found(loud_and_quiet(0.3, floors=(12.0, 0.29))) == {"floor": None}
    flat = loud_and_quiet(0.3, outputs=outputs(spread=[0.001, 0.001]))
    assert found(flat) == {"floor": None, "constant": ["quiet"]}


def test_of_an_earlier_version_what_lies_flat_is_put_down_to_the_floor():
    """Its floors by channel are not known: that one was not learned still is."""
    old = {"channel_floors": of_channels(), "outputs": outputs(spread=[0.001, 0.001])}
    assert found(loud_and_quiet(0.3, **old)) == {"floor": None, "no_better": ["quiet"]}
    assert found(loud_and_quiet(0.2, **old)) == {"floor": None}


def test_where_all_channels_are_like_constants_at_the_floor_none_is_blamed():
    like = {"channel_constants": of_channels(12.2, 0.3), "constant": both(6.25)}
    assert found(loud_and_quiet(0.3, **like, channel_floors=None)) == {"floor": None}
    assert found(loud_and_quiet(0.3, **like)) == {"floor": None, "no_better": ["quiet"]}


@pytest.mark.parametrize(("channel", "is_told"), [(0, False), (1, True)])
def test_an_output_at_the_end_is_dead_unless_that_is_its_floor(channel, is_told):
    at_low = [float(channel == number) for number in (0, 1)]
    evidence = loud_and_quiet(0.2, outputs=outputs(at_low=at_low, target_at_low=0.5))
    expected = {"floor": None} | ({"dead": ["quiet"]} if is_told else {})
    assert found(evidence, RAW_RELU) == expected


@pytest.mark.parametrize("state", ["running", "finished"])
def test_of_a_single_channel_the_whole_tells(state):
    record = outputs(channels=1, at_low=1.0, target_at_low=0.97)
    known = {"floor": both(0.999), "constant": both(1.2), "channel_names": ("only",)}
    evidence = over(
        state=state, is_over=state == "finished", outputs=record, history=rows([1.0] * 5), **known
    )
    assert kinds(evidence, RAW_RELU) == ["floor"]


def mixed(of_rate, of_acc, **changes):
    """A ReLU says nothing of acc, all of which lies below 0: 0.5 is its floor, 0.2 a constant's."""
    known = {
        "history": rows([2.0, 1.8, 1.6, 1.4, (of_rate + of_acc) / 2]),
        "errors": both((of_rate + of_acc) / 2),
        "floor": both(0.25),
        "constant": both(5.1),
        "channel_errors": of_channels(of_rate, of_acc),
        "channel_constants": of_channels(10.0, 0.2),
        "channel_floors": of_channels(0.0, 0.5),
        "channel_names": ("rate", "acc"),
        "unit": "mV",
    }
    return over(**known | changes)


@pytest.mark.parametrize("of_rate", [0.5, 5.0])
def test_a_channel_at_its_own_floor_is_put_down_to_that_where_the_others_are_not(of_rate):
    end = outputs(
        at_low=[0.1, 0.99], target_at_low=[0.1, 0.98], slope=[0.9, 0.001], spread=[0.9, 0.001]
    )
    evidence = mixed(of_rate, 0.52, outputs=end)
    assert found(evidence, RAW_RELU)["floor"] == ["acc"]
    assert found(evidence, RAW_RELU).keys() <= {"floor", "still_falling"}
    (finding,) = [f for f in diagnose(CONFIG.replace(RAW_RELU), evidence) if f.kind == "floor"]
    assert finding.title == "The error is at its floor in 1 of 2 channels"
    assert finding.sentence == (
        "In acc the error is at most 10 % above its floor, and training gains little more: in acc "
        "MAE on validation is 0.52 mV, its floor 0.5 mV, so 96.2 % of it is clipping."
    )
    assert finding.evidence["MAE, validation"] == ["0.52 mV"]
    assert finding.remedy["model.output_activation"] == "linear"
    assert finding.severity == "error"


def test_a_channel_far_from_its_floor_is_not_put_down_to_it():
    assert "floor" not in found(mixed(0.5, 0.6), RAW_RELU)


def test_a_channel_at_its_floor_on_the_training_windows_alone_is_told_of_these():
    evidence = mixed(0.5, 0.5)
    floors = {"train": evidence.channel_floors["train"], "validation": of_channels(0, 0)["train"]}
    evidence = mixed(0.5, 0.5, channel_floors=floors)
    (finding,) = [f for f in diagnose(CONFIG.replace(RAW_RELU), evidence) if f.kind == "floor"]
    assert "MAE on the training windows is 0.5 mV, its floor 0.5 mV, so 100 %" in finding.sentence
