"""The sandbox bank: writes what a bank would send about the bookings it was told of.

OCR giro, camt.054 and camt.053 (.001.02) and MT940 as ING writes it. Every writer takes `duplicate` (each booking
twice, totals still right) and the camt writers take `copy` (marked as a copy), because banks do both. Nothing here
talks to a bank, and what OCR giro has no room for (names, texts of KID payments, documents) is not in the file.
"""

from __future__ import annotations

from hub.sandbox.bank_booking import Booking
from hub.sandbox.bank_camt import camt053_file, camt054_file
from hub.sandbox.bank_mt940 import mt940_file
from hub.sandbox.bank_ocr import ocr_file

__all__ = ["Booking", "camt053_file", "camt054_file", "mt940_file", "ocr_file"]
