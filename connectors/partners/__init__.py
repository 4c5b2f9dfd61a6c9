"""Who we exchange with: one folder per trading partner, read into `hub.model.partner.Partner`.

A folder holds `partner.yaml` (`partner.schema.json` says what may stand in it), `codes.csv`, `README.md` and fixtures.
A new partner is a new folder and usually no Python: docs/adding-a-partner.md.
"""

from __future__ import annotations

from pathlib import Path

from connectors.partners.loading import CODES_FILE, PARTNER_FILE, load_partner, load_partners, partner_folders

SHIPPED = Path(__file__).parent
"""Where the partners that come with Kvitt lie."""

__all__ = ["CODES_FILE", "PARTNER_FILE", "SHIPPED", "load_partner", "load_partners", "partner_folders"]
