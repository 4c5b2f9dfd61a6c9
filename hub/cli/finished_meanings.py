"""What the findings on documents handed in finished mean: their codes, told in the words of the tasks they raise."""

from __future__ import annotations

from types import MappingProxyType

WORDS = MappingProxyType(
    {
        "KVITT-FINISHED-01": "FINISHED_UNREADABLE",
        "KVITT-FINISHED-02": "FINISHED_TOO_LONG",
        "KVITT-FINISHED-03": "FINISHED_NO_LINES",
        "KVITT-FINISHED-04": "FINISHED_NO_CLAIM",
        "KVITT-FINISHED-05": "MIXED_PAYERS",
        "KVITT-STAGE-01": "WRONG_STAGE",
        "KVITT-STAGE-02": "FINISHED_TEST_PERSON",
        "KVITT-PRIVACY-01": "FINISHED_PERSONAL",
        "KVITT-CREDIT-01": "CREDIT_OF_REFUSED",
        "KVITT-CREDIT-02": "CREDIT_OF_UNDECIDED",
        "KVITT-CREDIT-03": "CREDIT_TWICE",
        "KVITT-CREDIT-04": "CREDIT_AMOUNT",
        "KVITT-CREDIT-05": "CREDIT_DIFFERS",
        "KVITT-CREDIT-06": "CREDIT_UNKNOWN_DEBIT",
        "KVITT-CREDIT-07": "CREDIT_NOT_COMPARED",
    }
)
"""Code of a finding -> the sentence in `hub/texts.toml`; a test compares with where they are given."""
WARNINGS = frozenset({"KVITT-CREDIT-06", "KVITT-CREDIT-07"})
"""Those that do not forbid sending."""
