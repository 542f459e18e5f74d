"""The tables of ways to be known beside a password or a key."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.models import User
from backend.object_models import Base

__all__ = ["Base", "RecoveryCode", "SecondFactor", "SsoAccount", "UsedToken"]


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


class UsedToken(Base):
    """A token with which CI has uploaded: it is good for one time."""

    __tablename__ = "used_tokens"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    token_id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactor(Base):
    """Somebody's authenticator app; it counts once it is confirmed."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    sealed_secret: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)  # of 30 s since 1970: no code twice


class RecoveryCode(Base):
    """A code for when the app is lost, kept as its SHA-256 until it is used."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
