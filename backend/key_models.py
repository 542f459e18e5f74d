"""The table of what the first generation shares: two keys and a user at the broker."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.sync_models import Base

__all__ = ["Base", "Shared", "SharedAccess"]


class Shared(StrEnum):
    """What clocks and builds of the first generation have in common."""

    UPLOAD_KEY = "upload_key"  # publishes firmware
    DOWNLOAD_KEY = "download_key"  # takes firmware, asks for versions
    MQTT_USER = "mqtt_user"  # speaks to the broker


class SharedAccess(Base):
    """Whether something that is shared works still; where no row is, it does."""

    __tablename__ = "shared_access"

    name: Mapped[Shared] = mapped_column(Text(), primary_key=True)
    is_off: Mapped[bool]
    changed_at: Mapped[datetime | None]
    changed_by: Mapped[str | None]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "name IN ({})".format(", ".join(f"'{one.value}'" for one in Shared)),
            name="name_is_known",
        ),
    )
