"""The tables of ways to sign in beside a password."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.models import User
from backend.object_models import Base

__all__ = ["Base", "SsoAccount"]


class SsoAccount(Base):
    """Somebody at an OpenID provider, who is somebody here."""

    __tablename__ = "sso_accounts"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    follows_groups: Mapped[bool]  # nobody here gave the role: the provider's groups do
    linked_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("user_id", "issuer"),)
