"""A Norwegian payer: answers an EHF invoice with an Invoice Response, written by hand and not by our own writer."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

from schemas.ubl.names import INVOICE_RESPONSE, INVOICE_RESPONSE_PROFILE

_TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<ApplicationResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
    xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>{customization}</cbc:CustomizationID>
  <cbc:ProfileID>{profile}</cbc:ProfileID>
  <cbc:ID>IR-{number}-{code}</cbc:ID>
  <cbc:IssueDate>{day}</cbc:IssueDate>
  <cbc:IssueTime>{time}</cbc:IssueTime>
  <cac:SenderParty>
    <cbc:EndpointID schemeID="0192">{sender}</cbc:EndpointID>
    <cac:PartyLegalEntity><cbc:RegistrationName>Payer TEST</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:SenderParty>
  <cac:ReceiverParty>
    <cbc:EndpointID schemeID="0192">{receiver}</cbc:EndpointID>
    <cac:PartyLegalEntity><cbc:RegistrationName>Clinic TEST</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:ReceiverParty>
  <cac:DocumentResponse>
    <cac:Response>
      <cbc:ResponseCode listID="UNCL4343OpSubset">{code}</cbc:ResponseCode>
      <cbc:EffectiveDate>{day}</cbc:EffectiveDate>
      <cac:Status>
        <cbc:StatusReasonCode listID="OPStatusReason">{reason_code}</cbc:StatusReasonCode>
        <cbc:StatusReason>{reason}</cbc:StatusReason>
      </cac:Status>
    </cac:Response>
    <cac:DocumentReference>
      <cbc:ID>{number}</cbc:ID>
      <cbc:DocumentTypeCode listID="UNCL1001">380</cbc:DocumentTypeCode>
    </cac:DocumentReference>
  </cac:DocumentResponse>
</ApplicationResponse>
"""


def invoice_response(
    number: str,
    code: str,
    *,
    at: datetime,
    reason: str = "",
    reason_code: str = "OTH",
    sender: str = "310002542",
    receiver: str = "310000086",
) -> bytes:
    """An Invoice Response (T111) about one invoice: `code` of UNCL4343 (AB, AP, RE, ...)."""
    return _TEMPLATE.format(
        customization=INVOICE_RESPONSE,
        profile=INVOICE_RESPONSE_PROFILE,
        number=escape(number),
        code=escape(code),
        reason=escape(reason),
        reason_code=escape(reason_code),
        day=at.date().isoformat(),
        time=at.strftime("%H:%M:%SZ"),
        sender=sender,
        receiver=receiver,
    ).encode()
