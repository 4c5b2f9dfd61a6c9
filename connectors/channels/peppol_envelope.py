"""Messages into Peppol envelopes and back: which identifier, which facts, what is done with something that is none."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from connectors.channels.peppol_states import kind_of
from hub.errors import FormatError, MappingError
from hub.model.exchange import Collected, Message
from schemas import sbdh

DAMAGED = "damaged"


def instance_id(key: str) -> str:
    """The envelope's identifier for a business key: always the same, so that the provider can be asked about it."""
    return str(uuid5(NAMESPACE_URL, f"urn:kvitt:message:{key}"))


def header_for(message: Message, *, sender: str, country_c1: str, created: datetime) -> sbdh.SbdhHeader:
    """The envelope's header: the message's meta first, then the agreement's sender and country."""
    meta = message.meta
    facts = {"sender": meta.get("sender") or sender, "country_c1": meta.get("country_c1") or country_c1} | {
        name: meta.get(name, "") for name in ("receiver", "document_id", "process_id")
    }
    missing = [name for name, value in facts.items() if not value]
    if missing:
        raise MappingError(f"the message lacks {', '.join(missing)}", where=message.kind)
    standard, root, version = (
        meta.get(name, "") for name in ("document_standard", "document_type", "document_version")
    )
    if not (standard and root and version):
        standard, root, version = sbdh.root_of(facts["document_id"])
    return sbdh.SbdhHeader(
        **facts,
        instance_id=instance_id(message.key),
        standard=standard,
        type=root,
        type_version=version,
        created=created,
        document_scheme=meta.get("document_scheme") or sbdh.DOCUMENT_SCHEME,
        process_scheme=meta.get("process_scheme") or sbdh.PROCESS_SCHEME,
        mls_to=meta.get("mls_to", ""),
        mls_type=meta.get("mls_type", ""),
    )


def unwrapped(remote_id: str, data: bytes) -> Collected:
    """The document inside an envelope with the envelope's facts beside it; what is no envelope is kept raw."""
    try:
        header, payload = sbdh.read(data)
    except FormatError as error:
        meta = {"problem": "no_envelope", "detail": str(error)}
        return Collected(remote_id=remote_id, name="envelope.xml", payload=data, kind=DAMAGED, meta=meta)
    return Collected(
        remote_id=remote_id,
        name=f"{header.instance_id}.xml",
        payload=payload,
        kind=kind_of(header.type),
        meta={
            "sender": header.sender,
            "receiver": header.receiver,
            "document_id": header.document_id,
            "process_id": header.process_id,
            "country_c1": header.country_c1,
            "instance_id": header.instance_id,
        },
    )
