"""Who is there: accounts, passwords, second factors, invitations, sessions, and who has left.

Everything here leaves a line in the access log, what fails too. Secrets are shown once; what is stored of them opens
nothing.
"""

from __future__ import annotations

from hub.pipeline.identity.accounts import (
    OpenSession,
    end_session,
    end_user,
    sessions_of,
    set_language,
)
from hub.pipeline.identity.administration import A_PAGE, UserView, require_free, user_view, users_page
from hub.pipeline.identity.devices import (
    Asked,
    Device,
    approve_device,
    ask_device,
    asked_devices,
    confirm_device,
    has_device,
    has_password,
    lost_device,
    new_device,
    prove_device,
    refuse_device,
    replace_device,
)
from hub.pipeline.identity.entry import log_in, log_in_person, log_out, session_of, who_is
from hub.pipeline.identity.links import (
    Link,
    accept,
    ask_reset,
    change_password,
    give_reset,
    invite,
    read_link,
    reset,
    set_password,
)
from hub.pipeline.identity.outside import Account, Newcomers, log_in_outside
from hub.pipeline.identity.people import Entry, Person, Session, needs_device

__all__ = [
    "A_PAGE",
    "Account",
    "Asked",
    "Device",
    "Entry",
    "Link",
    "Newcomers",
    "OpenSession",
    "Person",
    "Session",
    "UserView",
    "accept",
    "approve_device",
    "ask_device",
    "ask_reset",
    "asked_devices",
    "change_password",
    "confirm_device",
    "end_session",
    "end_user",
    "give_reset",
    "has_device",
    "has_password",
    "invite",
    "log_in",
    "log_in_outside",
    "log_in_person",
    "log_out",
    "lost_device",
    "needs_device",
    "new_device",
    "prove_device",
    "read_link",
    "refuse_device",
    "replace_device",
    "require_free",
    "reset",
    "session_of",
    "sessions_of",
    "set_language",
    "set_password",
    "user_view",
    "users_page",
    "who_is",
]
