"""Settings: which hub, how serious, whose keys; and secrets that never show."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import os
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import ConfigurationError
from hub.settings import Secret, Settings, Stage, default_settings, load, resolve_secret, write_hub_toml

SESAME = "open-sesame-4711"


def hub(tmp_path: Path, text: str = 'stage = "sandbox"\n') -> Path:
    home = tmp_path / "kvitt-home"
    home.mkdir(exist_ok=True)
    (home / "hub.toml").write_text(text, encoding="utf-8")
    return home


def test_without_a_hub_only_init_and_demo_go_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load({}, tmp_path, require=True)
    home = tmp_path / "kvitt-home"
    assert str(refused.value) == f"no hub at {home}: run kvitt init or set KVITT_HOME"
    assert refused.value.exit_code == 3
    found = load({}, tmp_path)
    assert (found.home, found.stage, found.language) == (home, Stage.SANDBOX, "en")
    assert not home.exists()


def test_the_environment_says_which_hub(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "hub.toml").write_text('stage = "test"\nlanguage = "nl"\n')
    assert load({"KVITT_HOME": str(elsewhere)}, tmp_path, require=True).stage is Stage.TEST
    assert load({"KVITT_HOME": "elsewhere"}, tmp_path, require=True).home == elsewhere
    assert load({"KVITT_HOME": "elsewhere", "KVITT_LANG": "nb"}, tmp_path).language == "nb"


def test_keys_lie_in_the_home_unless_they_are_put_elsewhere(tmp_path: Path) -> None:
    home = hub(tmp_path)
    assert load({}, tmp_path).keys == home / "keys"
    assert load({"KVITT_KEYS": "vault"}, tmp_path).keys == tmp_path / "vault"
    hub(tmp_path, 'keys = "../vault"\n')
    assert load({}, tmp_path).keys.resolve() == tmp_path / "vault"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    keys = tmp_path / 'key "store" \\ ø'
    written = default_settings(
        tmp_path / "new" / "hub", keys=keys, stage=Stage.TEST, language="nb", database="postgresql:///kvitt"
    )
    file = write_hub_toml(written)
    assert load({"KVITT_HOME": str(written.home)}, tmp_path, require=True) == written
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.home.stat().st_mode) == 0o700
    assert [path.name for path in written.home.iterdir()] == ["hub.toml"]


@settings(max_examples=50, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=20))
def test_any_folder_name_survives_hub_toml(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    home = tmp_path_factory.mktemp("home")
    write_hub_toml(default_settings(home, keys=home / f"k{name}"))
    assert load({"KVITT_HOME": str(home)}, home).keys == home / f"k{name}"


def test_unknown_keys_are_refused_with_their_line(tmp_path: Path) -> None:
    hub(tmp_path, '# ours\nstage = "sandbox"\nlanguge = "nl"\n[tls]\nca = "x"\n')
    with pytest.raises(ConfigurationError) as refused:
        load({}, tmp_path)
    first, second = str(refused.value).splitlines()
    assert first.endswith("hub.toml:3: unknown key 'languge' (did you mean language?)")
    assert "hub.toml:4: unknown key 'tls' (one of: stage, language, database, keys, broker, heartbeat" in second


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('stage = "prod"\n', r"unknown stage 'prod' \(one of: sandbox, test, production\)"),
        ('language = "de"\n', "unknown language 'de'"),
        ("stage = 1\n", "hub.toml:1: stage must be text"),
        ('language = ""\n', "language must be text"),
        ('stage = "test\n', r"not TOML: .*line 1"),
        ('database = "postgresql://kvitt:open-sesame-4711@db/kvitt"\n', "the database URL holds a password"),
    ],
)
def test_a_wrong_value_is_named_and_no_secret_is_shown(tmp_path: Path, text: str, said: str) -> None:
    hub(tmp_path, text)
    with pytest.raises(ConfigurationError, match=said) as refused:
        load({}, tmp_path)
    assert SESAME not in str(refused.value)


def test_bytes_that_are_no_text_are_not_quoted(tmp_path: Path) -> None:
    (hub(tmp_path) / "hub.toml").write_bytes(b'database = "' + SESAME.encode() + b'\xff"\n')
    with pytest.raises(ConfigurationError, match="not TOML: not UTF-8") as refused:
        load({}, tmp_path)
    assert SESAME not in repr(refused.value)
    assert refused.value.__cause__ is None


def test_a_wrong_language_in_the_environment_is_blamed_there(tmp_path: Path) -> None:
    hub(tmp_path)
    with pytest.raises(ConfigurationError, match="KVITT_LANG: unknown language 'xx'"):
        load({"KVITT_LANG": "xx"}, tmp_path)


def test_the_database_is_sqlite_in_the_home_or_what_is_named(tmp_path: Path) -> None:
    home = hub(tmp_path)
    assert load({}, tmp_path).database_url.reveal() == f"sqlite:///{home}/kvitt.db"
    url = f"postgresql+psycopg://kvitt:{SESAME}@db/kvitt"
    found = load({"KVITT_DATABASE": url}, tmp_path)
    assert found.database_url.reveal() == url
    assert SESAME not in repr(found)
    assert SESAME not in write_hub_toml(found).read_text()
    assert 'database = "env:KVITT_DATABASE"' in (home / "hub.toml").read_text()


def test_a_secret_never_prints() -> None:
    secret = Secret(SESAME)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:>40}", "%s" % secret, repr([secret])]  # noqa: UP031
    assert not [text for text in shown if "sesame" in text]
    assert not hasattr(secret, "__dict__")
    assert SESAME not in repr(vars(type(secret)))
    with pytest.raises(TypeError):
        json.dumps({"token": secret})
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


def test_a_secret_still_works_where_it_is_used(tmp_path: Path) -> None:
    secret = Secret(SESAME)
    assert secret.reveal() == SESAME
    assert secret == Secret(SESAME)
    assert secret != Secret("other")
    assert secret != SESAME
    assert copy.deepcopy(secret) is secret
    assert bool(secret)
    assert not Secret("")
    fields = dataclasses.asdict(default_settings(tmp_path))
    assert "sqlite" not in repr(fields["database_url"])
    with pytest.raises(TypeError):
        hash(secret)


def test_a_secret_survives_no_log_line(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("token %s %r", Secret(SESAME), {"token": Secret(SESAME)})
    assert "sesame" not in caplog.text


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(SESAME + "\r\n")
    file.chmod(0o600)
    assert resolve_secret("env:AP_TOKEN", base=tmp_path, env={"AP_TOKEN": SESAME}).reveal() == SESAME
    assert resolve_secret("file:token", base=tmp_path).reveal() == SESAME
    assert resolve_secret(f"file:{file}", base=Path("/")).reveal() == SESAME


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_outside_the_sandbox_a_file_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(SESAME)
    file.chmod(mode)
    for stage in (Stage.TEST, Stage.PRODUCTION):
        with pytest.raises(ConfigurationError, match=r"others may read the secret file .* \(chmod 600"):
            resolve_secret("file:token", base=tmp_path, stage=stage)
    assert resolve_secret("file:token", base=tmp_path, stage=Stage.SANDBOX).reveal() == SESAME


@pytest.mark.parametrize("ref", [SESAME, "", "env:", "file:", f"vault:{SESAME}"])
def test_a_value_where_a_reference_belongs_is_not_repeated(tmp_path: Path, ref: str) -> None:
    with pytest.raises(ConfigurationError, match="a secret must be a reference") as refused:
        resolve_secret(ref, base=tmp_path)
    assert SESAME not in str(refused.value)


def test_missing_empty_and_unreadable_secrets_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name, content in (("empty", b"\n"), ("binary", b"\xff\xfe" + SESAME.encode()), ("big", b"x" * 70_000)):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    expected = {
        "env:NOT_SET": "set the environment variable NOT_SET",
        "file:absent": "cannot be read: No such file",
        "file:folder": "cannot be read: Is a directory",
        "file:empty": "is empty",
        "file:binary": "is not text",
        "file:big": "is too big",
    }
    for ref, said in expected.items():
        with pytest.raises(ConfigurationError, match=said) as refused:
            resolve_secret(ref, base=tmp_path, env={})
        assert SESAME not in str(refused.value)
        assert not isinstance(refused.value.__cause__, UnicodeDecodeError)


def test_settings_know_their_folders(tmp_path: Path) -> None:
    found: Settings = default_settings(tmp_path)
    assert [found.partners, found.log, found.out] == [tmp_path / "partners", tmp_path / "log", tmp_path / "out"]
