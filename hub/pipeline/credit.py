"""A granted Dutch claim is taken back in full, with nothing in its place: the patient had left (decision 5).

Vektis and VGZ: a rejected claim cannot be credited, a partial credit is impossible, a credit never travels in the file
of its debit. A Norwegian invoice that was approved is not credited at all.
"""

from __future__ import annotations

from hub.pipeline.context import NIGHT, Actor, Hub
from hub.pipeline.correct import correct


def credit(hub: Hub, tenant: str, ref: str, actor: Actor = NIGHT) -> str:
    """Make the credit of a claim alone; gives its reference. It goes out with the next submission."""
    return correct(hub, tenant, ref, actor=actor, credit_only=True).credit
