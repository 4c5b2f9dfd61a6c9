"""What a SOAP fault of VECOZO's EDP service means: who must act, and whether a file may have been taken over.

Source: the fault codes of SOAP 1.1 and 1.2, of WS-Addressing and of Microsoft's service framework, for which
the published client classes were made. The service's own fault codes (VSPEDP000, 001, 999) have no published meaning.
"""

from __future__ import annotations

from connectors.channels.http import Answer
from connectors.channels.vecozo_soap_messages import INDIENEN, SoapFault
from hub.errors import ConfigurationError, HubError, OutcomeUnknown, RefusedError, TransientError

_OURS = frozenset(
    {"ActionNotSupported", "DestinationUnreachable", "FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken"}
    | {"VersionMismatch", "MustUnderstand", "InvalidAddressingHeader", "MessageAddressingHeaderRequired"}
)
"""Faults that say the request never reached the service: address, version or account are wrong."""
_BUSY = frozenset({"ServerTooBusy", "EndpointUnavailable"})
"""Faults that say the service did not begin with it."""
_SENDER = frozenset({"Sender", "Client", "DeserializationFailed"})


def explained(fault: SoapFault, answer: Answer, *, where: str, sending: bool) -> HubError:
    """What a fault means: whose it is, and whether the file may have been taken over.

    VECOZO's own fault codes have no published meaning, and its services send them as the sender's mistake whatever they
    are: for a submission they leave the doubt.
    """
    codes = set(fault.codes)
    text = f"VECOZO answered with a fault ({' '.join([*fault.codes, fault.vecozo]).strip()}): {fault.text}"
    if codes & _OURS:
        return ConfigurationError(text, hint="check endpoint, soap and certificate", where=where)
    if codes & _BUSY:
        return TransientError(text, where=where, raw=answer.body)
    if fault.vecozo or not codes & _SENDER:
        if sending:
            return in_doubt(text, answer)
        return TransientError(text, where=where, raw=answer.body)
    if sending:
        return RefusedError(text, hint="correct it", where=where, raw=answer.body, code=fault.codes[-1])
    return ConfigurationError(text, hint="report it: the question is not what VECOZO expects", where=where)


def in_doubt(text: str, answer: Answer) -> OutcomeUnknown:
    """A submission of which nobody can say whether it was taken over."""
    hint = "look for our reference in VECOZO's portal before sending again"
    return OutcomeUnknown(text, hint=hint, where=INDIENEN.name, raw=answer.body)
