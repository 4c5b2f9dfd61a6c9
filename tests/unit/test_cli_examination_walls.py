"""`kvitt doctor` says when the role the hub connects with gets around the database's own walls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from hub.cli import examination
from hub.settings import Stage
from hub.store.policies import way_around
from hub.store.unit import Store
from tests.databases import Database, Server
from tests.scenarios.world import World


@pytest.mark.parametrize(("stage", "state"), [(Stage.SANDBOX, "warning"), (Stage.PRODUCTION, "error")])
def test_the_owner_is_told_and_the_role_of_the_hub_is_fine(
    database: Database, tmp_path: Path, stage: Stage, state: str
) -> None:
    expected = {"sqlite": ("note", "note"), "postgres": ("ok", state)}[database.kind]
    hub = World.begin(database, tmp_path).hub
    found = []
    for url in (database.url, database.owner_url):
        store = Store(url, hub.store.keys, hub.clock)
        found.append(examination.walls(replace(hub, store=store, stage=stage.value)).state)
        store.close()
    hub.store.close()
    assert tuple(found) == expected


@pytest.mark.postgres
def test_a_superuser_is_found_out(postgres_server: Server) -> None:
    engine = create_engine(postgres_server.admin)
    with engine.connect() as connection:
        assert way_around(connection) == "is a superuser"
        connection.execute(text("CREATE ROLE kvitt_walls BYPASSRLS"))
        connection.execute(text("SET LOCAL ROLE kvitt_walls"))
        assert way_around(connection) == "has BYPASSRLS"
        connection.rollback()
    engine.dispose()
