"""A second spelling of one's name is no second person, and a name in several alphabets is nobody's."""

from __future__ import annotations

import pytest

from hub.pipeline.context import Actor
from hub.pipeline.four_eyes import mixes_scripts, refusal, same_person


@pytest.mark.parametrize(
    "other",
    [
        "Anne",
        " ANNE\u200b",
        "\uff21nne",
        "\u0430nne",  # Cyrillic a
        "\u0410NNE",  # Cyrillic A
        "ann\u0435",  # Cyrillic e
        "\u0391\u039d\u039d\u0395",  # Greek capitals throughout
        "\u0391nne",
        "\u0251nne",  # Latin alpha
        "\U0001d41anne",  # mathematical a
        "a.n.n.e",
    ],
)
def test_another_spelling_is_the_same_person(other: str) -> None:
    assert same_person("anne", other)
    assert same_person(other, "anne")
    assert refusal("anne", Actor(name=other), "who asked for it") is not None


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("bill", "biII"),
        ("lars", "Iars"),
        ("lars", "1ars"),
        ("olav", "0lav"),
        ("coco", "\u0441\u043e\u0441\u043e"),
        ("\u0430\u043d\u043d\u0430", "\u0410\u041d\u041d\u0410"),  # a Russian name in small letters and in capitals
        ("\u03b1\u03bd\u03bd\u03b1", "\u0391\u039d\u039d\u0391"),
        ("J\u00f8rgen", "JO\u0308RGEN".replace("O\u0308", "\u00d8")),
        ("Andr\u00e9", "Andre\u0301"),
    ],
)
def test_what_looks_the_same_is_the_same(name: str, other: str) -> None:
    assert same_person(name, other)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("anne", "anna"),
        ("bob", "rob"),
        ("Jørgen", "Jorgen"),
        ("lia", "mia"),
        ("анна", "anna"),
        ("uid 1000", "uid 1001"),
    ],
)
def test_two_people_are_two(name: str, other: str) -> None:
    assert not same_person(name, other)
    assert refusal(name, Actor(name=other), "who asked for it") is None


@pytest.mark.parametrize("name", ["ann\u0259\u04d9", "b\u043eb", "\u0432\u043eb", "p\u0585l", "\u13aanne"])
def test_a_name_in_several_alphabets_approves_nothing(name: str) -> None:
    assert mixes_scripts(name)
    found = refusal("carla", Actor(name=name), "who asked for it")
    assert found is not None
    assert "mixes alphabets" in found.message
    assert refusal(name, Actor(name="carla"), "who asked for it") is not None


@pytest.mark.parametrize(
    "name", ["Åse Ødegård", "J.P. de Vries-van 't Hof", "анна", "uid 1000", "Ａnne", "\u30e6\u30ad"]
)
def test_names_people_have_are_in_one_alphabet(name: str) -> None:
    assert not mixes_scripts(name)
