"""What every table shares: the metadata with its naming, ids, tenants, references."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(36)
TENANT = String(64)


def key() -> Column[str]:
    """The opaque id of a row."""
    return Column("id", ID, primary_key=True)


def of_tenant() -> Column[str]:
    """Whose row it is; every table has it (decision 22)."""
    return Column("tenant_id", TENANT, ForeignKey("tenant.id"), nullable=False)


def ref(name: str, table: str, *, nullable: bool = True, index: bool = False) -> Column[str]:
    """A reference to a row of another table."""
    return Column(name, ID, ForeignKey(f"{table}.id"), nullable=nullable, index=index)
