"""Notes who did what to which object, in the transaction that does it."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.models import AuditEntry


def record(
    session: AsyncSession,
    *,
    at: datetime,
    actor: str,
    action: str,
    object: str,  # noqa: A002 - the log's own word for it
    address: str | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an entry. `actor`: an e-mail, a key's name, or `system`; `action`: noun.verb."""
    session.add(
        AuditEntry(
            at=at,
            actor=actor,
            action=action,
            object=object,
            address=address,
            before=before,
            after=after,
        )
    )
