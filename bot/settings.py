"""Settings from the environment and `.env`, read once at the start; lower rooms are handed values, never this.

The two sources are merged by `environment` and not by pydantic-settings, which ignores an unknown `BALCAO_TYPO` in
silence; an empty value counts as none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot import settings_values as values
from bot.settings_help import HELP

PREFIX = "BALCAO_"
TEST_PREFIX = "BALCAO_TEST_"


def _secret_smtp_url(value: SecretStr) -> SecretStr:
    return SecretStr(values.smtp_url(value.get_secret_value()))


Digits = Annotated[str, StringConstraints(pattern=r"^\d{5,20}$")]
WebUrl = Annotated[str, AfterValidator(values.web_url)]
Upper = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)
Key = Annotated[SecretStr, Field(min_length=32)]
Secret = Annotated[SecretStr, Field(min_length=1)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_secret_smtp_url)]


class DatabaseSettings(BaseSettings):
    """What `balcao migrate` needs, and every other command too."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: Annotated[str, AfterValidator(values.database_url)] = Field(
        default="sqlite+aiosqlite:///balcao.db", repr=False
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Upper] = "INFO"
    log_format: Literal["json", "console"] = "json"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @property
    def on_postgresql(self) -> bool:
        return self.database_url.startswith("postgresql")


class Settings(DatabaseSettings):
    """Everything `balcao serve` needs. Addresses have no slash at their end."""

    redis_url: Annotated[str, AfterValidator(values.redis_url)] | None = Field(default=None, repr=False)
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: WebUrl
    secret_key: Key
    secret_key_previous: Key | None = None

    whatsapp_graph_url: WebUrl = "https://graph.facebook.com"
    whatsapp_api_version: str = Field(default="v25.0", pattern=r"^v\d+\.\d+$")
    whatsapp_app_secret: Secret
    whatsapp_app_secret_previous: Secret | None = None
    whatsapp_verify_token: Secret
    whatsapp_token: Secret
    whatsapp_phone_number_id: Digits
    whatsapp_business_account_id: Digits | None = None
    whatsapp_messages_per_second: int = Field(default=80, ge=1, le=1000)

    pix_driver: Literal["static", "bcb"] = "static"
    pix_key: str = Field(min_length=1, max_length=77, repr=False)
    pix_merchant_name: str | None = Field(default=None, min_length=1, max_length=25)
    pix_merchant_city: str | None = Field(default=None, min_length=1, max_length=15)
    pix_base_url: WebUrl | None = None
    pix_token_url: WebUrl | None = None
    pix_client_id: str | None = Field(default=None, repr=False)
    pix_client_secret: Secret | None = None
    pix_certificate: Annotated[Path, AfterValidator(values.certificate_path)] | None = None
    pix_certificate_password: Secret | None = None
    pix_webhook_secret: Secret | None = None

    smtp_url: SmtpUrl | None = None
    mail_from: Annotated[str, AfterValidator(values.mail_address)] | None = None

    sms_base_url: WebUrl = "https://api.twilio.com"
    sms_account_sid: str | None = None
    sms_auth_token: Secret | None = None
    sms_from: str | None = Field(default=None, pattern=r"^\+?[A-Za-z0-9]{3,15}$")

    cep_url: WebUrl = "https://viacep.com.br/ws"


S = TypeVar("S", bound=DatabaseSettings)


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting that is missing, wrong, unknown or merely not used, with its reason and remedy in plain English."""

    name: str
    problem: str
    why: str
    how: str
    required: bool = True

    def __str__(self) -> str:
        about = f": {self.why}" if self.why else ""
        return f"{self.name} {self.problem}{about}. {self.how}."


class SettingsError(Exception):
    """The settings do not allow a start. The text is one line that names the variable and how to get its value."""

    def __init__(self, findings: list[Finding]) -> None:
        first, *others = findings
        also = f" Also: {', '.join(finding.name for finding in others)}." if others else ""
        super().__init__(f"{first}{also}")
        self.findings = findings


def unusable(field: str, problem: str) -> SettingsError:
    """A value that looks right and cannot be used."""
    return SettingsError([_finding(_variable(field), f"cannot be used ({problem})")])


def environment() -> dict[str, str]:
    """`.env` of the working directory beneath the process's own environment, which wins."""
    try:
        from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    except UnicodeDecodeError:
        raise SettingsError([Finding(".env", "is not UTF-8 text", "", "Save it as UTF-8")]) from None
    except OSError as error:
        trouble = Finding(".env", f"cannot be read ({error.strerror})", "", "Let this user read it")
        raise SettingsError([trouble]) from None
    return {**from_file, **os.environ}


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The settings in `env` (by default the environment over `.env`), or SettingsError."""
    return _load(Settings, env)


def load_database_settings(env: Mapping[str, str] | None = None) -> DatabaseSettings:
    """Only what a command needs that talks to nobody but the database."""
    return _load(DatabaseSettings, env)


def _load(kind: type[S], env: Mapping[str, str] | None) -> S:
    settings, findings = _read(kind, environment() if env is None else env)
    if settings is None or findings:
        raise SettingsError(findings)
    return settings


def missing(env: Mapping[str, str] | None = None) -> list[Finding]:
    """Everything `balcao check` has to say: what stops the start first, then what is optional and not set."""
    given = _given(environment() if env is None else env)
    _, findings = _read(Settings, given)
    named = {finding.name for finding in findings}
    unused = [name for name in OPTIONAL if name not in given and name not in named]
    return findings + [_finding(name, f"is not set; without it {OPTIONAL[name]}", required=False) for name in unused]


OPTIONAL = {
    "BALCAO_REDIS_URL": "only one process may run",
    "BALCAO_WHATSAPP_BUSINESS_ACCOUNT_ID": "templates cannot be listed",
    "BALCAO_PIX_WEBHOOK_SECRET": "the bank's callback has a guessable address (each payment is still confirmed)",
    "BALCAO_SMTP_URL": "no codes, contracts or notices go out by e-mail, and NOBODY CAN SIGN UP at a business whose"
    " verification channel is e-mail (the usual one)",
    "BALCAO_SMS_ACCOUNT_SID": "no codes go out by SMS",
}
"""Worth a word when absent; the other optional settings have a default or belong to a group checked below."""


def _given(env: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value.strip()
        for name, value in env.items()
        if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX) and value.strip()
    }


def _read(kind: type[S], env: Mapping[str, str]) -> tuple[S | None, list[Finding]]:
    given = _given(env)
    fields = {_variable(field): field for field in Settings.model_fields}
    findings = [_unknown(name, fields) for name in given if name not in fields]
    try:
        known = {fields[name]: value for name, value in given.items() if fields.get(name) in kind.model_fields}
        settings = kind.model_validate(known)
    except ValidationError as error:
        return None, findings + [_wrong(problem) for problem in error.errors(include_url=False, include_input=False)]
    return settings, findings + (_incomplete(settings) if isinstance(settings, Settings) else [])


def _incomplete(settings: Settings) -> list[Finding]:
    """Settings that only make sense together."""
    needed: dict[str, list[str]] = {
        "BALCAO_PIX_DRIVER=static": ["pix_merchant_name", "pix_merchant_city"],
        "BALCAO_PIX_DRIVER=bcb": ["pix_base_url", "pix_token_url", "pix_client_id", "pix_client_secret"],
        "BALCAO_SMTP_URL": ["mail_from"],
        "BALCAO_SMS_ACCOUNT_SID": ["sms_auth_token", "sms_from"],
        "BALCAO_SMS_AUTH_TOKEN": ["sms_account_sid"],
        "BALCAO_PIX_CERTIFICATE_PASSWORD": ["pix_certificate"],
    }
    return [
        _finding(_variable(field), f"is missing (needed with {reason})")
        for reason, group in needed.items()
        if _applies(settings, reason)
        for field in group
        if getattr(settings, field) is None
    ]


def _applies(settings: Settings, reason: str) -> bool:
    name, _, value = reason.partition("=")
    actual = getattr(settings, name.removeprefix(PREFIX).lower())
    return bool(actual == value) if value else actual is not None


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _finding(name: str, problem: str, *, required: bool = True) -> Finding:
    help_ = HELP[name.removeprefix(PREFIX).lower()]
    return Finding(name, problem, help_.why, help_.how, required)


def _unknown(name: str, fields: Mapping[str, str]) -> Finding:
    near = get_close_matches(name, fields, n=1)
    how = f"Did you mean {near[0]}" if near else "Remove it, or see .env.example for the names there are"
    return Finding(name, "is not a setting of Balcão", "", how)


def _wrong(problem: Mapping[str, Any]) -> Finding:
    name = _variable(str(problem["loc"][0]))
    if problem["type"] == "missing":
        return _finding(name, "is missing")
    words = str(problem["msg"]).removeprefix("Value error, ")
    return _finding(name, f"is wrong, it {words[0].lower()}{words[1:]}".replace("it input ", "it "))
