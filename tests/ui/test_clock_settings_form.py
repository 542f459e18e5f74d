"""The form of a clock's settings: words, a control and a sentence for each field."""

from backend.setting_edits import CHANGEABLE, standing_of
from skiclock_ui.components.clock.settings import settings_fields, settings_state, settings_words
from tests.ui.fleet_parts import make_clock


def test_every_changeable_setting_is_a_field_with_words() -> None:
    words, groups = settings_words(), settings_fields()
    fields = [field for group in groups for field in group["fields"]]
    assert {field["key"] for field in fields} == CHANGEABLE == set(words["fields"])
    assert {group["name"] for group in groups} == set(words["groups"])
    assert all(words["problems"][field["kind"]] for field in fields)
    assert set(words["hints"]) < CHANGEABLE


def test_bounds_are_in_the_unit_that_people_enter() -> None:
    by_key = {field["key"]: field for group in settings_fields() for field in group["fields"]}
    assert (by_key["temperature_offset_tenths"]["low"], by_key["brightness"]["high"]) == (-20, 255)


def test_clock_of_the_first_generation_takes_no_settings_and_says_so() -> None:
    clock = make_clock("a1")
    assert settings_state(clock, standing_of(clock, None, None))["takes_settings"] is False
    clock.protocol = 2
    assert settings_state(clock, standing_of(clock, None, None))["takes_settings"] is True


def test_name_that_only_the_dashboard_knows_is_shown() -> None:
    clock = make_clock("a1")
    clock.name = "Start"
    assert settings_state(clock, standing_of(clock, None, None))["reported"] == {"name": "Start"}
