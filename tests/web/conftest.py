"""A played demo per session, a console per test; on SQLite, on PostgreSQL as the unprivileged role, or on both.

What `ON_BOTH` names is tried on both. `KVITT_TEST_DATABASE=postgres` has every test here tried on PostgreSQL alone.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from tests import databases
from tests.conftest import absent
from tests.databases import Server
from tests.web.browsers import CHROMIUM, Site, a_site
from tests.web.consoles import Console, copy_of, play_demo

CHOSEN = os.environ.get("KVITT_TEST_DATABASE", "sqlite")
"""Which database a test runs on that does not ask for both."""
ON_BOTH: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "test_both_databases": ("test_the_console_works_as_a_role_that_the_database_holds",),
        "test_every_route": (
            "test_nobody_of_another_tenant_s_support_sees_or_changes_anything_of_this_one",
            "test_a_practice_sees_nothing_of_another_practice",
        ),
        "test_search": (
            "test_every_key_of_a_dutch_claim_leads_to_it",
            "test_staff_of_one_organisation_find_only_theirs_and_no_count_tells_of_others",
            "test_no_search_walks_through_a_table_that_grows",
            "test_what_walks_is_seen",
        ),
        "test_claims": ("test_a_claims_page_walks_through_no_table_that_grows",),
        "test_rejections": (
            "test_one_fix_is_previewed_made_held_back_and_undone",
            "test_support_of_one_practice_sees_its_own_refusals_and_no_cause_of_the_tenant",
        ),
        "test_correct": ("test_from_today_to_a_resubmitted_correction_in_at_most_six_clicks",),
        "test_practice_portal": (
            "test_a_list_is_tried_first_and_handed_in_with_a_receipt",
            "test_s04_a_corrected_list_after_sending_hands_in_the_difference_only",
        ),
        "test_payments": ("test_a_suggestion_is_taken_with_one_click_and_undone_with_a_reason",),
        "test_payouts": ("test_another_person_approves_exactly_the_sum_and_downloads_one_file",),
        "test_api_reading": (
            "test_every_list_gives_everything_of_the_tenant_once_whatever_the_size_of_a_page",
            "test_a_practice_reads_its_own_and_nothing_else",
        ),
        "test_api_changing": (
            "test_a_list_is_taken_once_and_the_same_answer_is_given_again",
            "test_many_at_once_under_one_key_make_one_declaration",
            "test_a_process_that_dies_between_the_change_and_its_answer_gives_it_the_next_time",
        ),
        "test_api_webhooks": ("test_what_happens_is_told_once_signed_and_without_a_person",),
        "test_forms": ("test_a_sign_that_no_column_takes_breaks_no_page",),
        "test_privacy": (
            "test_employee_exchange_and_whether_the_log_is_whole",
            "test_an_erasure_is_asked_by_one_and_done_by_another",
        ),
    }
)
"""What the console rests on, a bounded part of all: of each kind of reading and of changing, on either database."""
_AMONG_MANY = (
    "UPDATE pg_class SET reltuples = 1000000, relpages = greatest(relpages, 1) "
    "WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace"
)
"""PostgreSQL is told that every table holds a million rows like those there are: how it goes about things is then how it does in earnest."""
Copy = Callable[[Path], AbstractContextManager[tuple[Path, str]]]
"""Makes a home of its own in a folder that is not there yet, with its database (nothing for the SQLite file in it)."""


def pytest_configure(config: pytest.Config) -> None:
    """Offer the database fixtures; whoever comes second finds them registered."""
    if not config.pluginmanager.is_registered(databases):
        config.pluginmanager.register(databases)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try what is named so on both databases."""
    if CHOSEN == "sqlite" and metafunc.definition.originalname in ON_BOTH.get(metafunc.definition.path.stem, ()):
        metafunc.parametrize("kind", databases.KINDS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that consoles run on."""
    found = getattr(request, "param", CHOSEN)
    assert found in ("sqlite", "postgres"), f"KVITT_TEST_DATABASE={found}: it is sqlite or postgres"
    return str(found)


@pytest.fixture(scope="session")
def played_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both stories, played once per process."""
    home = tmp_path_factory.mktemp("console") / "hub"
    play_demo(home)
    return home


@pytest.fixture(scope="session")
def played_postgres(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: Server
) -> Iterator[tuple[Path, str]]:
    """The same on PostgreSQL: a home, and the name of the database to copy.

    The stories are played there when all tests are; else the rows they left on SQLite are brought over, which is quick.
    """
    name = f"kvitt_played_{uuid.uuid4().hex[:12]}"
    database = postgres_server.create(name, postgres_server.template)
    if CHOSEN == "postgres":
        home = tmp_path_factory.mktemp("console") / "hub"
        play_demo(home, database.url)
    else:
        home = request.getfixturevalue("played_home")
        databases.bring_over(home / "kvitt.db", postgres_server, name)
    postgres_server.run("ANALYZE", _AMONG_MANY, database=name)
    yield home, name
    postgres_server.drop(name)


@pytest.fixture(scope="session")
def played(kind: str, request: pytest.FixtureRequest) -> Copy:
    """What makes copies of the played demo."""
    if kind == "sqlite":
        return _copies_of_a_file(request.getfixturevalue("played_home"))
    return _copies_on(request.getfixturevalue("postgres_server"), *request.getfixturevalue("played_postgres"))


def _copies_of_a_file(home: Path) -> Copy:
    @contextmanager
    def copy(folder: Path) -> Iterator[tuple[Path, str]]:
        yield copy_of(home, folder), ""

    return copy


def _copies_on(server: Server, home: Path, template: str) -> Copy:
    @contextmanager
    def copy(folder: Path) -> Iterator[tuple[Path, str]]:
        name = f"kvitt_{uuid.uuid4().hex[:16]}"
        made = server.create(name, template)
        try:
            yield copy_of(home, folder), made.url
        finally:
            server.drop(name)

    return copy


@pytest.fixture
def console(played: Copy, tmp_path: Path) -> Iterator[Console]:
    """A console of its own."""
    with played(tmp_path / "hub") as (home, database):
        made = Console.on(home, database)
        yield made
        made.close()


@pytest.fixture
def site(played: Copy, tmp_path: Path) -> Iterator[Site]:
    """A console of its own, served to a real browser."""
    if CHROMIUM is None:
        absent("chromium")
    with played(tmp_path / "hub") as (home, database), a_site(home, database) as made:
        yield made


@pytest.fixture(scope="module")
def stories(played: Copy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One console and one browser for all stories of a module: each story works with things of its own."""
    if CHROMIUM is None:
        absent("chromium")
    folder = tmp_path_factory.mktemp("stories") / "hub"
    with played(folder) as (home, database), a_site(home, database) as made:
        yield made
