"""Where a hub lives and how it is set: `hub.toml` in its home, a few environment variables, and secrets by reference.

`KVITT_HOME` names the home (default `./kvitt-home`), `KVITT_KEYS` the keys (default `keys` in the home; keep them apart
from the data outside the sandbox), `KVITT_LANG` the language, `KVITT_DATABASE` the database,
`KVITT_BROKER` the message broker of a hub on many nodes, `KVITT_HEARTBEAT` the URL to call while all is well. A secret
is written as `env:NAME` or `file:PATH` and read only when it is needed; its value has a type that never prints.
"""

from __future__ import annotations

import difflib
import hmac
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from hub.errors import ConfigurationError

HUB_FILE: Final = "hub.toml"
LANGUAGES: Final = ("en", "nb", "nl")
OIDC: Final = ("oidc_issuer", "oidc_client", "oidc_secret", "oidc_tenant", "oidc_newcomers", "oidc_acr")
"""About the identity provider people may log in by; `oidc_secret` is a reference."""
KNOWN: Final = ("stage", "language", "database", "keys", "broker", "heartbeat", "address", "virus_scan", *OIDC)
"""What may stand in hub.toml."""

_BIGGEST_SECRET = 64 * 1024
_OTHERS = 0o077
_USERINFO = re.compile(r"://[^/\s@]*:[^/\s@]+@")
_SAFE_ISSUER = re.compile(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]")
_ADDRESS = re.compile(r"https://[^\s/?#@]+/?|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?/?")
_SCANNER = re.compile(r"tcp:[^:\s]+:[0-9]{1,5}|unix:/.+")
_NO_REFERENCE = "write env:NAME (an environment variable) or file:PATH (a file only you may read)"


class Stage(StrEnum):
    """How serious a hub is; shown everywhere (decision 27)."""

    SANDBOX = "sandbox"
    TEST = "test"
    PRODUCTION = "production"


class Secret:
    """A value that never prints: not in a repr, a log, a traceback, a format string or a pickle."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The value itself; call it where it is used and keep no copy."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.__value.encode(), other.reveal().encode())

    __hash__ = None  # type: ignore[assignment]  # a secret has no place as a key

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled: pass its reference (env:NAME or file:PATH)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """The identity provider of a hub, as written in hub.toml. Whoever it vouches for must be a user already.

    `tenant` is whose users come by it (needed where there are several), `newcomers` a role (and `:CODE` of an
    organisation) for those who are no user yet, `acr` the provider's word for a login with two factors.
    """

    issuer: str
    client: str
    secret: str
    tenant: str = ""
    newcomers: str = ""
    acr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One hub's settings. `database` is as written (a URL or a reference), `database_url` what it means.

    `broker` is where the hints for many nodes go (RabbitMQ), nothing on one machine; `heartbeat` is called while the
    hub is well, so that somebody outside notices when it is not. Both as written, and as what they mean. `address` is
    where people reach the console (it stands in mails), `virus_scan` the ClamAV daemon that looks at what is handed in.
    """

    home: Path
    keys: Path
    stage: Stage = Stage.SANDBOX
    language: str = "en"
    database: str = ""
    database_url: Secret = field(repr=False)
    broker: str = ""
    heartbeat: str = ""
    broker_url: Secret | None = field(default=None, repr=False)
    heartbeat_url: Secret | None = field(default=None, repr=False)
    oidc: Oidc | None = None
    address: str = ""
    virus_scan: str = ""

    @property
    def partners(self) -> Path:
        """Where the user's own partners lie."""
        return self.home / "partners"

    @property
    def log(self) -> Path:
        """Where the hub writes what it did."""
        return self.home / "log"

    @property
    def out(self) -> Path:
        """Where files for people are written."""
        return self.home / "out"


def default_settings(
    home: Path,
    *,
    keys: Path | None = None,
    stage: Stage = Stage.SANDBOX,
    language: str = "en",
    database: str = "",
    broker: str = "",
    heartbeat: str = "",
    oidc: Oidc | None = None,
    address: str = "",
    virus_scan: str = "",
    env: Mapping[str, str] | None = None,
) -> Settings:
    """Settings for a home, with SQLite in it unless a database is named."""
    home = home.absolute()
    return Settings(
        home=home,
        keys=(home / (keys or "keys")).absolute(),
        stage=stage,
        language=language,
        database=database,
        database_url=_database_url(database, home, stage, env),
        broker=broker,
        heartbeat=heartbeat,
        broker_url=_url(broker, "broker", home, stage, env) if broker else None,
        heartbeat_url=_url(heartbeat, "heartbeat", home, stage, env) if heartbeat else None,
        oidc=oidc,
        address=address.rstrip("/"),
        virus_scan=virus_scan,
    )


def load(env: Mapping[str, str], cwd: Path, *, require: bool = False) -> Settings:
    """The settings of the hub this environment points at; with `require` there must be one (decision 28)."""
    home = cwd / Path(env.get("KVITT_HOME") or "kvitt-home").expanduser()
    file = home / HUB_FILE
    if require and not file.is_file():
        raise ConfigurationError(f"no hub at {home}: run kvitt init or set KVITT_HOME")
    written = _read(file) if file.is_file() else {}
    language, said = (
        (env["KVITT_LANG"], "KVITT_LANG") if env.get("KVITT_LANG") else (written.get("language"), str(file))
    )
    return default_settings(
        home,
        keys=_keys(env, cwd, home, written),
        stage=Stage(_one_of(written.get("stage", Stage.SANDBOX.value), tuple(Stage), "stage", str(file))),
        language=_one_of(language or "en", LANGUAGES, "language", said),
        database="env:KVITT_DATABASE" if env.get("KVITT_DATABASE") else written.get("database", ""),
        broker="env:KVITT_BROKER" if env.get("KVITT_BROKER") else written.get("broker", ""),
        heartbeat="env:KVITT_HEARTBEAT" if env.get("KVITT_HEARTBEAT") else written.get("heartbeat", ""),
        oidc=_oidc(written, file),
        address=_address(written.get("address", ""), str(file)),
        virus_scan=_scanner(written.get("virus_scan", ""), str(file)),
        env=env,
    )


def write_hub_toml(settings: Settings) -> Path:
    """Write `hub.toml` into the home (made when absent), readable by its owner only; no secret is ever written."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = ["# Kvitt hub. Stage is sandbox, test or production.", f'stage = "{settings.stage.value}"']
    lines.append(f'language = "{settings.language}"')
    if settings.keys != settings.home / "keys":
        lines.append(f"keys = {_toml(str(settings.keys))}")
    urls = {"database": settings.database, "broker": settings.broker, "heartbeat": settings.heartbeat}
    urls |= {"address": settings.address, "virus_scan": settings.virus_scan}
    lines += [f"{name} = {_toml(written)}" for name, written in urls.items() if written]
    oidc = {} if settings.oidc is None else {name: getattr(settings.oidc, name.removeprefix("oidc_")) for name in OIDC}
    lines += [f"{name} = {_toml(written)}" for name, written in oidc.items() if written]
    file = settings.home / HUB_FILE
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write("\n".join([*lines, ""]))
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    return file


def resolve_secret(
    ref: str, *, base: Path, stage: Stage = Stage.PRODUCTION, env: Mapping[str, str] | None = None
) -> Secret:
    """The value of `env:NAME` or `file:PATH` (relative to `base`); outside the sandbox others may not read the file."""
    kind, _, name = ref.partition(":")
    if kind not in ("env", "file") or not name:
        raise ConfigurationError("a secret must be a reference, not a value", hint=_NO_REFERENCE)
    value = _from_env(name, os.environ if env is None else env) if kind == "env" else _from_file(base / name, stage)
    if not value:
        raise ConfigurationError(f"the secret {ref} is empty", hint="fill it")
    return Secret(value)


def _from_env(name: str, env: Mapping[str, str]) -> str:
    if name not in env:
        raise ConfigurationError(f"the secret env:{name} is not set", hint=f"set the environment variable {name}")
    return env[name]


def _from_file(path: Path, stage: Stage) -> str:
    """One trailing line end is dropped: editors add it."""
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if stage is not Stage.SANDBOX and os.name == "posix" and mode & _OTHERS:
                raise ConfigurationError(f"others may read the secret file {path}", hint=f"chmod 600 {path}")
            raw = stream.read(_BIGGEST_SECRET + 1)
    except OSError as error:
        raise ConfigurationError(
            f"the secret file {path} cannot be read: {error.strerror}", hint="create it"
        ) from error
    if len(raw) > _BIGGEST_SECRET:
        raise ConfigurationError(f"the secret file {path} is too big", hint="it should hold one secret")
    try:
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # the error would carry the secret's bytes
        raise ConfigurationError(f"the secret file {path} is not text", hint="save it as UTF-8") from None


def _database_url(database: str, home: Path, stage: Stage, env: Mapping[str, str] | None) -> Secret:
    if not database:
        return Secret(f"sqlite:///{home / 'kvitt.db'}")
    return _url(database, "database", home, stage, env)


def _url(written: str, what: str, home: Path, stage: Stage, env: Mapping[str, str] | None) -> Secret:
    if written.startswith(("env:", "file:")):
        return resolve_secret(written, base=home, stage=stage, env=env)
    if _USERINFO.search(written):
        raise ConfigurationError(f"the {what} URL holds a password", hint=_NO_REFERENCE)
    return Secret(written)


def _address(written: str, where: str) -> str:
    """Where people reach the console: it stands in mails and decides which forms are ours, so it has no path."""
    if written and not _ADDRESS.fullmatch(written):
        raise ConfigurationError("address is https://HOST or https://HOST:PORT", hint="without a path", where=where)
    return written


def _scanner(written: str, where: str) -> str:
    """Where a virus scanner is: `tcp:HOST:PORT` or `unix:/PATH`; one that is misspelt must not go unnoticed."""
    if written and not _SCANNER.fullmatch(written):
        raise ConfigurationError("virus_scan is tcp:HOST:PORT or unix:/PATH", where=where)
    return written


def _oidc(written: Mapping[str, str], file: Path) -> Oidc | None:
    """All of issuer, client and secret, or none of them; the issuer over TLS, unless it is on this machine."""
    found = {name.removeprefix("oidc_"): written[name] for name in OIDC if name in written}
    if not found:
        return None
    missing = [f"oidc_{name}" for name in ("issuer", "client", "secret") if name not in found]
    if missing:
        raise ConfigurationError(f"{', '.join(missing)} missing", hint="docs/security.md", where=str(file))
    if not found["secret"].startswith(("env:", "file:")):
        raise ConfigurationError("oidc_secret must be a reference, not a value", hint=_NO_REFERENCE, where=str(file))
    if not _SAFE_ISSUER.match(found["issuer"]):
        raise ConfigurationError("oidc_issuer must begin with https://", where=str(file))
    return Oidc(**found)


def _read(file: Path) -> dict[str, str]:
    try:
        text = file.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=str(file)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = 'lines look like stage = "sandbox"'
        raise ConfigurationError(f"not TOML: {_said(error)}", hint=hint, where=str(file)) from None
    wrong = [*_wrong(found, text, file)]
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    return found


def _said(error: ValueError) -> str:
    """A decoding error quotes the bytes it stumbled over; those may be a secret."""
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _wrong(found: Mapping[str, Any], text: str, file: Path) -> list[str]:
    said = []
    for key, value in found.items():
        place = f"{file}:{_line(text, key)}"
        if key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, n=1)
            hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(KNOWN)}"
            said.append(f"{place}: unknown key {key!r} ({hint})")
        elif not isinstance(value, str) or not value:
            said.append(f'{place}: {key} must be text (such as {key} = "...")')
    return said


def _line(text: str, key: str) -> int:
    """The line a top-level key or table stands on; the first line when it is spelt in another way."""
    spelt = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if spelt.match(line)), 1)


def _one_of(value: str, allowed: tuple[str, ...], name: str, where: str) -> str:
    if value not in allowed:
        raise ConfigurationError(f"unknown {name} {value!r}", hint=f"one of: {', '.join(allowed)}", where=where)
    return value


def _keys(env: Mapping[str, str], cwd: Path, home: Path, written: Mapping[str, str]) -> Path:
    """An environment variable counts from where the command runs, hub.toml from the home."""
    if env.get("KVITT_KEYS"):
        return cwd / Path(env["KVITT_KEYS"]).expanduser()
    return home / Path(written.get("keys", "keys")).expanduser()


def _toml(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's too, but for DEL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char >= " " and char != "\x7f" else f"\\u{ord(char):04x}" for char in escaped) + '"'
