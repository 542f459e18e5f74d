"""The tables of what was taken over from production: each look at it, and what it found."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.sign_in_models import Base

__all__ = ["Base", "SyncFinding", "SyncRun"]


class SyncRun(Base):
    """One look at production, or several in a row that found the same and took nothing."""

    __tablename__ = "sync_runs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]  # of the last look
    looks: Mapped[int] = mapped_column(server_default=text("1"))
    asked_by: Mapped[str | None]  # None: the clock on the wall
    problem: Mapped[str | None]  # why it ended early; None: it did not
    unchanged: Mapped[int]
    findings: Mapped[list["SyncFinding"]] = relationship(
        lazy="selectin", order_by="SyncFinding.id", cascade="all, delete-orphan"
    )

    __table_args__ = (CheckConstraint("looks > 0", name="looked"),)


class SyncFinding(Base):
    """A version that was taken over, or refused and why."""

    __tablename__ = "sync_findings"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("sync_runs.id", ondelete="CASCADE"), index=True)
    platform: Mapped[str]
    version: Mapped[str]
    reason: Mapped[str | None]  # why it was refused; None: it was taken over
