"""Ids begin with their time and end with what is drawn; what rows are called in front of people is the end."""

from __future__ import annotations

from uuid import UUID

from hub.store.unit import new_id, short_id


def test_ids_are_uuids_of_version_7_in_the_order_they_were_made() -> None:
    ids = [new_id() for _ in range(200)]
    assert {(UUID(each).version, UUID(each).variant) for each in ids} == {(7, "specified in RFC 4122")}
    firsts = [each[:14] for each in ids]
    assert firsts == sorted(firsts)


def test_rows_made_in_one_moment_are_called_by_different_names() -> None:
    """What a statement brings is stored within milliseconds: the beginnings of its ids are one and the same."""
    ids = [new_id() for _ in range(200)]
    assert len({each[:8] for each in ids}) <= 2
    assert len({short_id(each) for each in ids}) == 200
    assert all(each.endswith(short_id(each)) for each in ids)
