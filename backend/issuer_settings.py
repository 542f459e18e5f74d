"""Owns the settings of those whose word is believed: about people, and about CI that uploads."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import msgspec
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WELL_KNOWN = "/.well-known/openid-configuration"
EVERYBODY = "*"
GITHUB = "https://token.actions.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class SsoConfig:
    """How people sign in through one OpenID provider."""

    issuer: str
    name: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    group_claim: str
    roles: tuple[tuple[str, str], ...]
    """Group and role; the first group that somebody has decides."""
    domains: frozenset[str]
    """Of e-mail addresses; empty: any."""

    def role_of(self, groups: frozenset[str]) -> str | None:
        """Return the role that somebody with these groups gets."""
        for group, role in self.roles:
            if group == EVERYBODY or group in groups:
                return role
        return None


class PublisherRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which workflow may upload without a key. On GitHub repository, workflow and ref are said."""

    issuer: str = GITHUB
    audience: str = ""
    """For whom its tokens are made; empty: our own address."""
    repository: str = ""
    workflow: str = ""
    """The file's name in .github/workflows."""
    ref: str = ""
    claims: dict[str, str] = {}
    """What a token must say besides, exactly."""

    def __post_init__(self) -> None:
        """Raise ValueError for a rule that would let too many in."""
        if not is_safe_url(self.issuer):
            raise ValueError("an issuer starts with https://")
        if self.issuer == GITHUB and not (self.repository and self.workflow and self.ref):
            raise ValueError("GitHub's issuer needs repository, workflow and ref")
        if self.issuer != GITHUB and (self.repository or self.workflow or self.ref):
            raise ValueError("repository, workflow and ref are GitHub's; use claims")
        if not self.wanted:
            raise ValueError("a rule names claims")

    @property
    def wanted(self) -> dict[str, str]:
        """Every claim that a token must have, with its value."""
        if self.issuer != GITHUB:
            return self.claims
        file = f"{self.repository}/.github/workflows/{self.workflow}@{self.ref}"
        return self.claims | {
            "repository": self.repository,
            "ref": self.ref,
            "workflow_ref": file,
        }


class IssuerSettings(BaseSettings):
    """The part of the settings that names OpenID providers."""

    oidc_issuer: str = Field(
        "",
        alias="OIDC_ISSUER",
        description="OpenID provider for single sign-on: its issuer or discovery address; "
        "none when absent",
    )
    oidc_name: Annotated[str, Field(max_length=40)] = Field(
        "", alias="OIDC_NAME", description="What the button to sign in calls it; else its host"
    )
    oidc_client_id: str = Field("", alias="OIDC_CLIENT_ID", description="Our name at that provider")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""),
        alias="OIDC_CLIENT_SECRET",
        description="Our secret at that provider; absent for a client without one",
    )
    oidc_client_secret_file: Path | None = Field(
        None, alias="OIDC_CLIENT_SECRET_FILE", description="File with that secret, in its place"
    )
    oidc_scopes: str = Field(
        "openid email profile", alias="OIDC_SCOPES", description="Scopes to ask that provider for"
    )
    oidc_group_claim: str = Field(
        "groups", alias="OIDC_GROUP_CLAIM", description="The claim with a person's groups"
    )
    oidc_roles: str = Field(
        "",
        alias="OIDC_ROLES",
        description="Roles of people whom nobody invited, by group: admins=admin,*=viewer; "
        "the first that fits; absent: only people who are known here come in",
    )
    oidc_domains: str = Field(
        "",
        alias="OIDC_DOMAINS",
        description="Domains of e-mail addresses that may come in, comma separated; any if absent",
    )

    keyless_uploads: str = Field(
        "",
        alias="KEYLESS_UPLOADS",
        description="CI that may upload with an OIDC token in place of a key: a JSON list of "
        '{"repository", "workflow", "ref"} for GitHub Actions, {"issuer", "claims"} for others',
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_safe(cls, value: str) -> str:
        value = value.removesuffix(WELL_KNOWN)
        if value and not is_safe_url(value):
            raise ValueError("must start with https:// (http:// on this machine alone)")
        return value

    @field_validator("oidc_client_secret_file")
    @classmethod
    def _secret_file_holds_one(cls, value: Path | None) -> Path | None:
        if value is not None and not (value.is_file() and value.read_text().strip()):
            raise ValueError(f"no file with a secret at {value}")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes_ask_for_an_identity(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("must hold openid")
        return value

    @field_validator("keyless_uploads")
    @classmethod
    def _rules_are_narrow(cls, value: str) -> str:
        try:
            _rules(value)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _roles_are_pairs(cls, value: str) -> str:
        _pairs(value)
        return value

    @model_validator(mode="after")
    def _provider_knows_us(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("OIDC_ISSUER is set, so OIDC_CLIENT_ID must be too")
        return self

    @property
    def publisher_rules(self) -> list[PublisherRule]:
        """Which CI may upload without a key."""
        return _rules(self.keyless_uploads)

    @property
    def sso(self) -> SsoConfig | None:
        """How people sign in through a provider; None: with passwords alone."""
        if not self.oidc_issuer:
            return None
        secret = self.oidc_client_secret.get_secret_value()
        if self.oidc_client_secret_file is not None:
            secret = self.oidc_client_secret_file.read_text().strip()
        return SsoConfig(
            issuer=self.oidc_issuer,
            name=self.oidc_name or urlsplit(self.oidc_issuer).hostname or self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=secret,
            scopes=self.oidc_scopes,
            group_claim=self.oidc_group_claim,
            roles=_pairs(self.oidc_roles),
            domains=frozenset(
                one.strip().lower().removeprefix("@")
                for one in self.oidc_domains.split(",")
                if one.strip()
            ),
        )


def is_safe_url(url: str) -> bool:
    """Tell whether nobody on the way can change what an address answers."""
    parts = urlsplit(url)
    if not parts.hostname or not url.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _rules(text: str) -> list[PublisherRule]:
    return msgspec.json.decode(text, type=list[PublisherRule]) if text else []


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        group, equals, role = (one.strip() for one in part.rpartition("="))
        if not (group and equals and role):
            raise ValueError("expected GROUP=ROLE, comma separated")
        pairs.append((group, role))
    return tuple(pairs)
