import pytest

from core.public import PublicSettings, is_public, variable


@pytest.mark.parametrize("given", ["", "0", "false", "No", "off"])
def test_a_lab_is_private_unless_it_is_switched_to_public(given):
    assert PublicSettings.from_environment({"LAB_PUBLIC": given}) is None
    assert PublicSettings.from_environment({}) is None


@pytest.mark.parametrize("given", ["1", "true", "YES", " on "])
def test_the_switch_makes_it_public_with_limits(given):
    settings = PublicSettings.from_environment({"LAB_PUBLIC": given})
    assert settings == PublicSettings()


def test_a_misspelt_switch_is_no_private_lab():
    with pytest.raises(ValueError, match="LAB_PUBLIC must be one of 1, true"):
        is_public({"LAB_PUBLIC": "ture"})


def test_each_limit_is_a_variable():
    for number, name in enumerate(PublicSettings.model_fields, 5):
        settings = PublicSettings.from_environment({"LAB_PUBLIC": "1", variable(name): str(number)})
        assert getattr(settings, name) == number
        assert settings.model_dump() == PublicSettings().model_dump() | {name: number}


def test_a_faulty_limit_is_named_with_its_value():
    with pytest.raises(ValueError, match=r"LAB_PUBLIC_MAX_EPOCHS: .*greater.* Received: '0'"):
        PublicSettings.from_environment({"LAB_PUBLIC": "1", "LAB_PUBLIC_MAX_EPOCHS": "0"})
    with pytest.raises(ValueError, match=r"no setting LAB_PUBLIC_MAX_EPOCH\. Known: LAB_PUBLIC"):
        PublicSettings.from_environment({"LAB_PUBLIC": "1", "LAB_PUBLIC_MAX_EPOCH": "9"})


def test_the_experiment_of_the_start_page_is_within_the_limits():
    from core.admission import check_generated, check_training, check_windows
    from core.config import PRESETS

    config, settings = PRESETS["question"], PublicSettings()
    shape = (config.data.time_steps, config.data.channels)
    check_generated(config.data, settings)
    check_windows(shape, config.windows, settings)
    check_training(config, shape, settings)
