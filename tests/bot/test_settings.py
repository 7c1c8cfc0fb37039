"""A wrong or missing setting stops the start with one line that names it and says how to get it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.settings import Settings, SettingsError, environment, load_database_settings, load_settings, missing
from bot.settings_help import HELP

ROOT = Path(__file__).parents[2]
GOOD = {
    "BALCAO_PUBLIC_URL": "https://balcao.example.com/",
    "BALCAO_SECRET_KEY": "not-a-real-key-" * 3,
    "BALCAO_WHATSAPP_APP_SECRET": "app-secret",
    "BALCAO_WHATSAPP_VERIFY_TOKEN": "verify",
    "BALCAO_WHATSAPP_TOKEN": "token",
    "BALCAO_WHATSAPP_PHONE_NUMBER_ID": "100000000000001",
    "BALCAO_PIX_KEY": "pix@example.com",
    "BALCAO_PIX_MERCHANT_NAME": "Clube Exemplo",
    "BALCAO_PIX_MERCHANT_CITY": "Sao Paulo",
}
BCB = {
    "BALCAO_PIX_DRIVER": "bcb",
    "BALCAO_PIX_BASE_URL": "https://pix.example.com/v2",
    "BALCAO_PIX_TOKEN_URL": "https://pix.example.com/oauth/token",
    "BALCAO_PIX_CLIENT_ID": "client",
    "BALCAO_PIX_CLIENT_SECRET": "secret",
}


def complaint(**changes: str) -> str:
    """The one line said when GOOD is changed so; an empty value takes a variable away."""
    with pytest.raises(SettingsError) as caught:
        load_settings(GOOD | {f"BALCAO_{name}": value for name, value in changes.items()})
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_defaults() -> None:
    settings = load_settings(GOOD)
    assert settings.database_url == "sqlite+aiosqlite:///balcao.db"
    assert settings.public_url == "https://balcao.example.com"
    assert (settings.port, settings.redis_url, settings.whatsapp_api_version) == (8080, None, "v25.0")
    assert (settings.whatsapp_graph_url, settings.whatsapp_messages_per_second) == ("https://graph.facebook.com", 80)
    assert (settings.log_level, settings.log_format, settings.cep_url) == ("INFO", "json", "https://viacep.com.br/ws")


@pytest.mark.parametrize(
    ("given", "normalised"),
    [
        ("postgresql://u:p@db/balcao", "postgresql+asyncpg://u:p@db/balcao"),
        ("postgres://u:p@db/balcao?sslmode=require", "postgresql+asyncpg://u:p@db/balcao?ssl=require"),
        ("postgresql+asyncpg://u@db/balcao", "postgresql+asyncpg://u@db/balcao"),
        ("sqlite:///balcao.db", "sqlite+aiosqlite:///balcao.db"),
        ("sqlite+aiosqlite:////var/lib/balcao.db", "sqlite+aiosqlite:////var/lib/balcao.db"),
    ],
)
def test_database_url_gets_our_driver(given: str, normalised: str) -> None:
    assert load_database_settings({"BALCAO_DATABASE_URL": given}).database_url == normalised


@pytest.mark.parametrize("url", ["mysql://db/x", "balcao.db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^BALCAO_DATABASE_URL is wrong, it must .*Use sqlite"):
        load_database_settings({"BALCAO_DATABASE_URL": url})


@pytest.mark.parametrize("name", [name for name in GOOD if "MERCHANT" not in name])
def test_each_required_setting_is_missed(name: str) -> None:
    line = complaint(**{name.removeprefix("BALCAO_"): " "})
    assert line.startswith(f"{name} is missing: ")
    assert HELP[name.removeprefix("BALCAO_").lower()].how in line


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "eighty", "should be a valid integer"),
        ("PORT", "70000", "should be less than or equal to 65535"),
        ("SECRET_KEY", "short", "should have at least 32"),
        ("PUBLIC_URL", "http://bare.example.com", "must start with https://"),
        ("PUBLIC_URL", "bare.example.com", "must be an address"),
        ("CEP_URL", "https://user@cep.example.com", "must be an address without user"),
        ("REDIS_URL", "localhost:6379", "must start with redis://"),
        ("WHATSAPP_PHONE_NUMBER_ID", "+55 11 9", "should match pattern"),
        ("WHATSAPP_API_VERSION", "25", "should match pattern"),
        ("WHATSAPP_MESSAGES_PER_SECOND", "0", "should be greater than or equal to 1"),
        ("PIX_DRIVER", "bank", "should be 'static' or 'bcb'"),
        ("PIX_MERCHANT_NAME", "x" * 26, "should have at most 25"),
        ("PIX_CERTIFICATE", "/nowhere/cert.pem", "must be the path of a file that exists"),
        ("SMTP_URL", "mail.example.com", "must start with smtp://"),
        ("MAIL_FROM", "nobody", "must be an e-mail address"),
        ("LOG_LEVEL", "LOUD", "should be 'DEBUG'"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str, words: str) -> None:
    line = complaint(**{name: value})
    assert line.startswith(f"BALCAO_{name} is wrong, it ")
    assert words in line
    assert len(value) < 5 or value not in line


def test_an_unknown_variable_is_refused_with_the_nearest_name() -> None:
    assert complaint(PROT="8080") == "BALCAO_PROT is not a setting of Balcão. Did you mean BALCAO_PORT."
    assert "see .env.example" in complaint(ZZZZZZZZZZZZZZZZZZZZ="1")


@pytest.mark.parametrize("special", "#/?@[")
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://balcao:{}@db.example:5432/balcao"),
        ("REDIS_URL", "redis://balcao:{}@cache.example:6379/0"),
        ("SMTP_URL", "smtp://balcao:{}@mail.example:587"),
    ],
)
def test_a_special_character_of_a_password_is_written_in_another_way(name: str, url: str, special: str) -> None:
    """The address would be read as another one, and whoever trips over that later repeats a part of the password."""
    for password in (f"hush{special}word", f"12{special}34", f"hush{special}"):
        line = complaint(MAIL_FROM="oi@example.com", **{name: url.format(password)})
        assert line.startswith(f"BALCAO_{name} is wrong, it must have the special characters of its password")
        assert "%23" in line
        assert all(part not in line for part in ("hush", "12", "34"))
    written = GOOD | {"BALCAO_MAIL_FROM": "oi@example.com", f"BALCAO_{name}": url.format(quote(special, safe=""))}
    load_settings(written)


def test_an_option_that_redis_does_not_take_is_not_repeated() -> None:
    line = complaint(REDIS_URL="redis://cache.example/0?db=hush")
    assert line.startswith("BALCAO_REDIS_URL is wrong, it must have options that Redis knows behind its ?")
    assert "hush" not in line


def test_an_address_of_the_web_that_cannot_be_read_is_not_repeated() -> None:
    for url in ("https://hush:word@x", "https://x:hush", "https://x:99999999", "https://[hush"):
        line = complaint(PUBLIC_URL=url)
        assert line.startswith("BALCAO_PUBLIC_URL is wrong, it must be an address")
        assert "hush" not in line


def test_a_file_of_settings_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_bytes("BALCAO_PIX_MERCHANT_CITY=São Paulo\n".encode("latin-1"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"^\.env is not UTF-8 text\. Save it as UTF-8\.$"):
        load_settings()


def test_variables_of_the_tests_are_not_settings() -> None:
    assert load_settings(GOOD | {"BALCAO_TEST_POSTGRES_URL": "x", "HOME": "/"}) == load_settings(GOOD)


def test_several_problems_are_one_line() -> None:
    line = complaint(PUBLIC_URL="", SECRET_KEY="")
    assert line.startswith("BALCAO_PUBLIC_URL is missing")
    assert line.endswith("Also: BALCAO_SECRET_KEY.")


@pytest.mark.parametrize("name", ["BALCAO_PIX_MERCHANT_NAME", "BALCAO_PIX_MERCHANT_CITY"])
def test_static_pix_needs_a_receiver(name: str) -> None:
    line = complaint(**{name.removeprefix("BALCAO_"): ""})
    assert line.startswith(f"{name} is missing (needed with BALCAO_PIX_DRIVER=static)")


@pytest.mark.parametrize("name", [name for name in BCB if name != "BALCAO_PIX_DRIVER"])
def test_bcb_pix_needs_its_bank(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} is missing \(needed with BALCAO_PIX_DRIVER=bcb\)"):
        load_settings(GOOD | BCB | {name: ""})


def test_bcb_pix_needs_no_receiver_and_takes_a_certificate(tmp_path: Path) -> None:
    certificate = tmp_path / "bank.pem"
    certificate.write_text("not a real certificate")
    given = {name: value for name, value in GOOD.items() if "MERCHANT" not in name}
    settings = load_settings(given | BCB | {"BALCAO_PIX_CERTIFICATE": str(certificate)})
    assert (settings.pix_driver, settings.pix_certificate) == ("bcb", certificate)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"SMTP_URL": "smtp://mail.example.com:587"}, "MAIL_FROM"),
        ({"SMS_ACCOUNT_SID": "AC1"}, "SMS_AUTH_TOKEN"),
        ({"SMS_AUTH_TOKEN": "x"}, "SMS_ACCOUNT_SID"),
        ({"PIX_CERTIFICATE_PASSWORD": "x"}, "PIX_CERTIFICATE"),
    ],
)
def test_groups_are_complete(given: dict[str, str], wanted: str) -> None:
    assert complaint(**given).startswith(f"BALCAO_{wanted} is missing (needed with")


def test_secrets_do_not_show() -> None:
    secrets = {"BALCAO_DATABASE_URL": "postgresql://u:hush@db/x", "BALCAO_REDIS_URL": "redis://:hush@cache/0"}
    shown = repr(load_settings(GOOD | secrets | {"BALCAO_WHATSAPP_TOKEN": "hush", "BALCAO_PIX_KEY": "hush"}))
    assert "hush" not in shown
    assert "not-a-real-key" not in shown


def test_migrate_needs_no_more_than_the_database_but_still_refuses_typos() -> None:
    assert load_database_settings({}).log_level == "INFO"
    assert load_database_settings(GOOD | {"BALCAO_LOG_LEVEL": "debug"}).log_level == "DEBUG"
    with pytest.raises(SettingsError, match="BALCAO_PROT"):
        load_database_settings({"BALCAO_PROT": "1"})


def test_check_lists_what_stops_the_start_and_what_is_optional() -> None:
    findings = missing({"BALCAO_PORT": "x"})
    stops = {finding.name for finding in findings if finding.required}
    assert {"BALCAO_PORT", "BALCAO_SECRET_KEY", "BALCAO_WHATSAPP_TOKEN", "BALCAO_PIX_KEY"} <= stops
    assert "BALCAO_SMTP_URL" in {finding.name for finding in findings if not finding.required}
    assert all(finding.why and finding.how for finding in findings)
    assert [finding for finding in missing(GOOD) if finding.required] == []


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("BALCAO_PORT=1111\nBALCAO_LOG_LEVEL=ERROR\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALCAO_PORT", "2222")
    monkeypatch.delenv("BALCAO_LOG_LEVEL", raising=False)
    assert (environment()["BALCAO_PORT"], environment()["BALCAO_LOG_LEVEL"]) == ("2222", "ERROR")


def test_every_setting_is_explained_and_in_the_example() -> None:
    assert set(HELP) == set(Settings.model_fields)
    named = set(re.findall(r"^#? ?(BALCAO_[A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == {f"BALCAO_{field.upper()}" for field in Settings.model_fields}
