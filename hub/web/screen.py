"""What a screen is: a new one is a module, a folder of templates and a file of words (`hub.web.scan` finds it)."""

from __future__ import annotations

from dataclasses import dataclass

from hub.web.roles import Permission

GROUPS = ("work", "money", "traffic", "practice", "admin", "me")
"""The groups of the navigation, in order; a screen without one is reached from others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One screen. Its name is also its folder of templates and its file of words (`title` stands in the navigation).

    `country` limits it to tenants of one country. `open` screens need no login (the login page itself). `needs` guards
    every route of the module; an action that asks for more guards itself with `needs(Permission.X)`.
    """

    name: str
    path: str
    needs: Permission = Permission.LOOK
    group: str = ""
    order: int = 50
    country: str = ""
    open: bool = False
