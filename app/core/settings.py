"""Settings: environment variables `PILOTLIGHT_*`, read once at start.

The README's table lists every one of them; a test keeps that table complete.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from app.core.errors import ConfigurationError
from app.core.identity_providers import IdentityProvider, Origin, is_on_loopback

DEFAULT_SECRET_KEY = "only-for-the-demo"  # noqa: S105 - refused outside the demo
MINIMUM_SECRET_LENGTH = 32


class Environment(StrEnum):
    """Where the service runs; `demo` alone may use the default secret."""

    PRODUCTION = "production"
    DEMO = "demo"


class Settings(BaseSettings):
    """Everything that can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="PILOTLIGHT_", extra="ignore")

    environment: Environment = Field(
        default=Environment.PRODUCTION,
        description="`production`, or `demo` (allows the default secret key).",
    )
    database_url: str = Field(
        default="sqlite:///pilotlight.db",
        description="`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(DEFAULT_SECRET_KEY),
        description="At least 32 characters; keys the digests of stored requests and what browsers keep for us. `serve` and `scheduler` refuse the default outside the demo.",
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json` (one object a line) or `console`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is written."
    )
    database_pool_size: int = Field(
        default=10, ge=1, le=200, description="Connections a process keeps to the database."
    )
    database_busy_seconds: float = Field(
        default=10.0,
        gt=0,
        le=300,
        description="How long a statement waits for a lock before the answer is 503.",
    )
    max_body_bytes: int = Field(
        default=1_048_576, ge=1024, description="Largest request body outside bulk endpoints."
    )
    max_bulk_json_bytes: int = Field(
        default=33_554_432,
        ge=1024,
        description="Largest JSON body of a bulk endpoint (it is decoded whole).",
    )
    max_bulk_bytes: int = Field(
        default=536_870_912,
        ge=1024,
        description="Largest NDJSON or CSV body of a bulk endpoint, after decompression.",
    )
    idempotency_hours: int = Field(
        default=24, ge=1, le=720, description="How long the answer to an Idempotency-Key is kept."
    )
    encryption_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Secrets of at least 32 characters, separated by commas: the first encrypts what connections log in with and webhooks sign with, every one decrypts. Without any the secret key does.",
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="Whether connections and webhooks may lead to private and loopback addresses, and be without TLS there.",
    )
    outward_seconds: float = Field(
        default=60.0, gt=0, le=600, description="How long one request to another system may take."
    )
    max_outward_bytes: int = Field(
        default=67_108_864, ge=1024, description="Largest answer taken from another system."
    )
    public_url: Origin = Field(
        default="http://127.0.0.1:8000",
        description="Where browsers reach the service: scheme, host and port.",
    )
    identity_providers: list[IdentityProvider] = Field(
        default=[], max_length=1000, description="Who signs in by whom, as a JSON list."
    )
    session_idle_minutes: int = Field(
        default=30, ge=5, le=1440, description="How long a session lasts without a request."
    )
    session_hours: int = Field(
        default=10, ge=1, le=24, description="How long a session lasts in all."
    )
    webhook_seconds: float = Field(
        default=10.0, gt=0, le=30, description="How long a receiver of events may take to answer."
    )
    event_days: int = Field(
        default=30, ge=7, le=365, description="How long events and their deliveries are kept."
    )
    sealing_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Secrets of at least 32 characters, separated by commas: the first signs checkpoints of the audit log, every one verifies. Without any the secret key does.",
    )
    checkpoint_file: str | None = Field(
        default=None,
        description="A file that signed checkpoints of the audit log are appended to; better where this machine can write and not delete.",
    )

    @property
    def encryption_secrets(self) -> list[str]:
        """What keys of encryption are made from: the newest first.

        Raises:
            ConfigurationError: one of them is too short.
        """
        return self._listed(self.encryption_keys, "PILOTLIGHT_ENCRYPTION_KEYS")

    @property
    def sealing_secrets(self) -> list[str]:
        """What keys of checkpoints are made from: the newest first.

        Raises:
            ConfigurationError: one of them is too short.
        """
        return self._listed(self.sealing_keys, "PILOTLIGHT_SEALING_KEYS")

    def _listed(self, keys: SecretStr, name: str) -> list[str]:
        listed = [key.strip() for key in keys.get_secret_value().split(",")]
        secrets = [key for key in listed if key]
        if any(len(secret) < MINIMUM_SECRET_LENGTH for secret in secrets):
            raise ConfigurationError(
                f"Each of {name} must have at least {MINIMUM_SECRET_LENGTH} characters."
            )
        return secrets or [self.secret_key.get_secret_value()]

    @property
    def is_demo(self) -> bool:
        return self.environment is Environment.DEMO

    @property
    def is_public_by_https(self) -> bool:
        return self.public_url.startswith("https:")

    def require_secrets(self) -> None:
        """Refuse to serve with a secret that everybody knows.

        Raises:
            ConfigurationError: outside the demo, where the key is the default or too short.
        """
        _ = self.encryption_secrets, self.sealing_secrets
        if self.is_demo:
            return
        secret = self.secret_key.get_secret_value()
        if secret == DEFAULT_SECRET_KEY or len(secret) < MINIMUM_SECRET_LENGTH:
            raise ConfigurationError(
                "PILOTLIGHT_SECRET_KEY is not set to a secret of at least "
                f"{MINIMUM_SECRET_LENGTH} characters. Make one with: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )

    def require_safe_sign_in(self) -> None:
        """Refuse to let anybody sign in where somebody could listen in, or where it is not clear to what.

        Raises:
            ConfigurationError: an address is not https outside the demo, or two providers are one.
        """
        providers = self.identity_providers
        for what, keys in (
            ("name", [p.name for p in providers]),
            ("issuer and audience", [(p.issuer, p.audience_of_tokens) for p in providers]),
        ):
            if len(set(keys)) < len(keys):
                raise ConfigurationError(
                    f"Two of PILOTLIGHT_IDENTITY_PROVIDERS have the same {what}."
                )
        if self.is_demo or not providers:
            return
        plain = [p.name for p in providers if is_on_loopback(p.issuer)]
        if plain:
            raise ConfigurationError(
                f"PILOTLIGHT_IDENTITY_PROVIDERS: the issuer of {', '.join(plain)} is not https."
            )
        if not self.is_public_by_https:
            raise ConfigurationError(
                "PILOTLIGHT_PUBLIC_URL must be the https address at which people sign in."
            )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: one of them is not as it should be; the message names it, not its value.
    """
    try:
        return Settings()
    except SettingsError:
        raise ConfigurationError("PILOTLIGHT_IDENTITY_PROVIDERS is not JSON.") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"PILOTLIGHT_{str(e['loc'][0]).upper()}{_within(e['loc'][1:])}: {e['msg']}"
            for e in error.errors()
        )
        raise ConfigurationError(f"These settings are not as they should be. {wrong}") from None


def _within(place: tuple[int | str, ...]) -> str:
    """Where in a setting that has parts, as ` (0, issuer)`."""
    return f" ({', '.join(map(str, place))})" if place else ""
