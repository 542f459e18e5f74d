"""The table of stored objects: which there are, and whether the bucket has them."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.board_models import Base

__all__ = ["Base", "StoredObject"]


class StoredObject(Base):
    """A file that firmware or its parts refer to by SHA-256."""

    __tablename__ = "objects"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    stored_at: Mapped[datetime]
    moved_to: Mapped[str | None]  # the bucket that has it; None: it lies in the folder alone
    moved_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hex"),
        CheckConstraint("size_bytes > 0", name="size_is_positive"),
        CheckConstraint("(moved_to IS NULL) = (moved_at IS NULL)", name="moved_has_a_time"),
    )
