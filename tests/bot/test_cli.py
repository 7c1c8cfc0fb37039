"""The command line: results on standard output, trouble as one line on standard error with exit status 1."""

from __future__ import annotations

import asyncio
import io
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from bot import cli, logs
from bot.town import EXAMPLES
from handlers.channel.links import read
from storage.unit_of_work import make_engine
from tests.bot.processes import GOOD, bare

EXAMPLE = EXAMPLES / "benefit-card.yaml"
USAGE = 2
"""Exit status for words that are no command."""
Balcao = Callable[..., tuple[int, str, str]]


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """Migrated and empty."""
    return Path(sqlite_url.removeprefix("sqlite+aiosqlite:///"))


@pytest.fixture
def balcao(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Balcao:
    """`balcao WORDS` with good settings but for the changes (an empty value takes a variable away)."""
    monkeypatch.chdir(file.parent)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # It would outlive the test.

    def call(*words: str, typed: str = "", **changes: str) -> tuple[int, str, str]:
        env = GOOD | {"BALCAO_DATABASE_URL": f"sqlite:///{file}"}
        env |= {f"BALCAO_{name}": value for name, value in changes.items()}
        monkeypatch.setattr("os.environ", bare(env))
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        try:
            cli.main(words)
        except SystemExit as end:
            told = capsys.readouterr()
            if isinstance(end.code, str):
                return 1, told.out, told.err + end.code
            return end.code or 0, told.out, told.err
        return (0, *capsys.readouterr())

    return call


def rows(file: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(file) as connection:
        found = connection.execute(statement, values).fetchall()
    connection.close()
    return found


def refusal(result: tuple[int, str, str]) -> str:
    """The one line of trouble."""
    status, out, err = result
    assert (status, out) == (1, "")
    assert err.startswith("balcao: ")
    assert "\n" not in err.strip()
    return err


# --- check ----------------------------------------------------------------------------------------------------------


def test_check_names_everything_that_is_missing(balcao: Balcao) -> None:
    status, out, _ = balcao("check", **{name.removeprefix("BALCAO_"): "" for name in GOOD})
    assert status == 1
    missing = {line.split()[1] for line in out.splitlines() if line.startswith("MISSING")}
    assert missing == {
        *("BALCAO_PUBLIC_URL", "BALCAO_SECRET_KEY", "BALCAO_PIX_KEY"),
        *(f"BALCAO_WHATSAPP_{name}" for name in ("APP_SECRET", "VERIFY_TOKEN", "TOKEN", "PHONE_NUMBER_ID")),
    }
    assert "Ready" not in out


def test_check_says_what_is_wrong_without_repeating_it(balcao: Balcao) -> None:
    status, out, _ = balcao("check", SECRET_KEY="hunter2", PORT="eighty", PUBLC_URL="x")
    wrong = {line.split()[1]: line for line in out.splitlines() if line.startswith("MISSING")}
    assert status == 1
    assert wrong.keys() == {"BALCAO_SECRET_KEY", "BALCAO_PORT", "BALCAO_PUBLC_URL"}
    assert "hunter2" not in out
    assert "Did you mean BALCAO_PUBLIC_URL" in wrong["BALCAO_PUBLC_URL"]


def test_check_of_a_complete_setting_is_ready_and_names_what_could_be_had(balcao: Balcao) -> None:
    status, out, _ = balcao("check")
    assert status == 0
    assert out.splitlines()[-1] == "Ready to start."
    assert {line.split()[0] for line in out.splitlines()[:-1]} == {"optional"}
    assert "BALCAO_SMTP_URL" in out


def test_check_reads_the_file_beside_it_and_the_environment_wins(balcao: Balcao, file: Path) -> None:
    (file.parent / ".env").write_text("BALCAO_PIX_KEY=chave@example.com\nBALCAO_PORT=wrong\n", "utf-8")
    assert balcao("check", PIX_KEY="")[0] == 1
    assert balcao("check", PIX_KEY="", PORT="0")[0] == 1, "an empty value in the environment takes the file's away"
    assert balcao("check", PORT="0")[0] == 0


def obstacle(result: tuple[int, str, str]) -> str:
    """The one line of `check` that says why there is no start."""
    status, out, err = result
    (line,) = [line for line in out.splitlines() if line.startswith("MISSING")]
    assert (status, err) == (1, "")
    assert "Ready" not in out
    return line


def test_check_of_a_file_that_cannot_be_made(balcao: Balcao, file: Path) -> None:
    nowhere = f"sqlite:///{file.parent}/none/balcao.db"
    assert "the folder of its file does not exist" in obstacle(balcao("check", DATABASE_URL=nowhere))
    assert "there is a folder" in obstacle(balcao("check", DATABASE_URL=f"sqlite:///{file.parent}"))
    text = file.with_name("text.db")
    text.write_text("no database " * 1000)
    assert "file is not a database" in obstacle(balcao("check", DATABASE_URL=f"sqlite:///{text}"))
    fresh = file.with_name("fresh.db")
    assert balcao("check", DATABASE_URL=f"sqlite:///{fresh}")[0] == 0
    assert not fresh.exists(), "to look is not to make"


def test_check_of_an_embedded_database_of_another_version(balcao: Balcao, file: Path) -> None:
    for revision, floor, ready in (("0001", "0001", True), ("9999", "0001", True), ("9999", "9999", False)):
        with sqlite3.connect(file) as connection:
            connection.execute("update alembic_version set version_num = ?", (revision,))
            connection.execute("update schema_floor set revision = ?", (floor,))
        connection.close()
        if ready:
            assert balcao("check")[0] == 0
        else:
            assert "start a newer one" in obstacle(balcao("check"))


def test_check_of_a_postgresql_that_allows_no_start(balcao: Balcao, postgresql_url: str) -> None:
    server = postgresql_url.rpartition("/")[0]
    assert "run `balcao migrate` first" in obstacle(balcao("check", DATABASE_URL=f"{server}/template1"))
    assert "does not exist" in obstacle(balcao("check", DATABASE_URL=f"{server}/balcao_none"))
    away = obstacle(balcao("check", DATABASE_URL="postgresql://somebody:secret@127.0.0.1:9/balcao"))
    assert "secret" not in away
    assert balcao("check", DATABASE_URL=postgresql_url)[0] == 0


def test_check_of_a_role_without_rights(balcao: Balcao, postgresql_url: str) -> None:
    role, rest = f"balcao_poor_{os.getpid()}", postgresql_url.partition("@")[2]
    theirs = {"DATABASE_URL": f"postgresql://{role}:poor@{rest}"}
    everything = ("tables", "sequences")
    sql(postgresql_url, f"create role {role} login nosuperuser password 'poor'")
    try:
        sql(postgresql_url, f"grant usage on schema public to {role}")
        assert "permission denied for table alembic_version" in obstacle(balcao("check", **theirs))
        sql(postgresql_url, f"grant select on all tables in schema public to {role}")
        assert "the role may not read and write addresses" in obstacle(balcao("check", **theirs))
        sql(postgresql_url, *(f"grant all on all {what} in schema public to {role}" for what in everything))
        assert balcao("check", **theirs)[0] == 0
    finally:
        sql(postgresql_url, f"drop owned by {role}", f"drop role {role}")


def sql(url: str, *statements: str) -> None:
    async def run() -> None:
        engine = make_engine(url)
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(run())


BANK = {
    "PIX_DRIVER": "bcb",
    "PIX_BASE_URL": "https://pix.example/v2",
    "PIX_TOKEN_URL": "https://pix.example/oauth",
    "PIX_CLIENT_ID": "client",
    "PIX_CLIENT_SECRET": "secret",
}


def test_a_certificate_that_is_none_is_one_line(balcao: Balcao, file: Path) -> None:
    for name in ("bank.pem", "bank.p12"):
        wrong = file.with_name(name)
        wrong.write_text("no certificate")
        changes = {**BANK, "PIX_CERTIFICATE": str(wrong)}
        assert f"BALCAO_PIX_CERTIFICATE cannot be used ({name}: " in obstacle(balcao("check", **changes))
        for words in (("pix", "webhook"), ("serve", "--port", "0")):
            assert "BALCAO_PIX_CERTIFICATE cannot be used" in refusal(balcao(*words, **changes))


def test_a_sender_that_no_mail_server_takes_is_one_line(balcao: Balcao) -> None:
    changes = {"SMTP_URL": "smtp://mail.example:587", "MAIL_FROM": "oi@clúbe.example"}
    assert "BALCAO_MAIL_FROM cannot be used" in obstacle(balcao("check", **changes))
    assert "BALCAO_MAIL_FROM cannot be used" in refusal(balcao("serve", "--port", "0", **changes))


# --- settings stop every command ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "changes", "name"),
    [
        (("serve",), {"WHATSAPP_TOKEN": ""}, "BALCAO_WHATSAPP_TOKEN is missing"),
        (("serve",), {"PORT": "70000"}, "BALCAO_PORT is wrong"),
        (("serve",), {"SECRET_KEY": "short"}, "BALCAO_SECRET_KEY is wrong"),
        (("serve",), {"PIX_DRIVER": "bcb"}, "BALCAO_PIX_BASE_URL is missing (needed with BALCAO_PIX_DRIVER=bcb)"),
        (("serve", "--role", "web"), {}, "need BALCAO_DATABASE_URL on PostgreSQL and BALCAO_REDIS_URL"),
        (("serve", "--processes", "2"), {}, "need BALCAO_DATABASE_URL on PostgreSQL and BALCAO_REDIS_URL"),
        (("migrate",), {"DATABASE_URL": "mysql://db/balcao"}, "BALCAO_DATABASE_URL is wrong"),
        (("apply", str(EXAMPLE)), {"PIX_KEY": ""}, "BALCAO_PIX_KEY is missing"),
        (("link",), {"PUBLIC_URL": "http://balcao.example"}, "BALCAO_PUBLIC_URL is wrong"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(
    balcao: Balcao, words: tuple[str, ...], changes: dict[str, str], name: str
) -> None:
    assert name in refusal(balcao(*words, **changes))


def test_a_database_that_is_not_there_is_one_line(balcao: Balcao) -> None:
    url = "postgresql://somebody:secret@127.0.0.1:9/balcao"
    for words in (("migrate",), ("link",), ("serve",)):
        said = refusal(balcao(*words, DATABASE_URL=url))
        assert "BALCAO_DATABASE_URL cannot be used" in said
        assert "secret" not in said
    assert "BALCAO_DATABASE_URL cannot be used" in refusal(balcao("migrate", DATABASE_URL="sqlite:////nowhere/x.db"))


@pytest.mark.parametrize("option", ["channel_binding=require", "ssl=maybe"])
def test_an_option_that_the_driver_does_not_know_is_one_line(balcao: Balcao, postgresql_url: str, option: str) -> None:
    url = f"{postgresql_url}?{option}"
    for words in (("migrate",), ("link",)):
        assert "BALCAO_DATABASE_URL cannot be used" in refusal(balcao(*words, DATABASE_URL=url))
    assert "BALCAO_DATABASE_URL cannot be used" in obstacle(balcao("check", DATABASE_URL=url))


def test_words_that_are_no_command_are_refused(balcao: Balcao) -> None:
    for words in (("serve", "--port", "70000"), ("serve", "--processes", "0"), ("serve", "--role", "cook"), ("fly",)):
        status, out, err = balcao(*words)
        assert (status, out) == (USAGE, "")
        assert "Traceback" not in err


# --- migrate, apply -------------------------------------------------------------------------------------------------


def test_migrate_twice(balcao: Balcao, file: Path) -> None:
    file.unlink()
    only = {name.removeprefix("BALCAO_"): "" for name in GOOD}  # It needs nothing but the database.
    first, second = balcao("migrate", **only), balcao("migrate", **only)
    assert first == second == (0, "The database is up to date.\n", "")
    assert len(rows(file, "select version_num from alembic_version")) == 1


def test_a_postgresql_that_was_not_migrated_is_not_touched(balcao: Balcao, postgresql_url: str) -> None:
    admin = postgresql_url.rpartition("/")[0] + "/template1"
    assert "run `balcao migrate` first" in refusal(balcao("serve", DATABASE_URL=admin))


def test_apply_makes_the_business_and_again_changes_nothing(balcao: Balcao, file: Path) -> None:
    status, first, _ = balcao("apply", str(EXAMPLE))
    assert status == 0
    assert rows(file, "select slug from organizations") == [("cartao-aurora",)]
    plans = rows(file, "select id, name, price from plans order by id")
    assert len(plans) > 1
    status, second, _ = balcao("apply", str(EXAMPLE))
    assert status == 0
    assert second != first
    assert rows(file, "select id, name, price from plans order by id") == plans


def test_apply_of_a_bad_file_names_every_problem_and_changes_nothing(balcao: Balcao, file: Path) -> None:
    bad = file.with_name("bad.yaml")
    bad.write_text(EXAMPLE.read_text("utf-8").replace("timezone: America/Sao_Paulo", "timezone: Mars/Olympus"), "utf-8")
    status, out, err = balcao("apply", str(bad))
    assert (status, out) == (1, "")
    assert err.startswith("balcao: ")
    assert "bad.yaml" in err
    assert "timezone" in err
    assert rows(file, "select slug from organizations") == []


def test_apply_of_a_file_that_is_not_there_or_not_yaml(balcao: Balcao, file: Path) -> None:
    assert "cannot read" in refusal(balcao("apply", str(file.with_name("none.yaml"))))
    garbage = file.with_name("garbage.yaml")
    garbage.write_bytes(b"\xff\xfe{{{")
    assert "not UTF-8" in refusal(balcao("apply", str(garbage)))


# --- user, pix, link, diagram ---------------------------------------------------------------------------------------


def test_user_add_keeps_a_hash_of_the_password(balcao: Balcao, file: Path) -> None:
    balcao("apply", str(EXAMPLE))
    words = ("user", "add", "Bia@Example.com", "Bia Exemplo", "--role", "org_admin")
    assert balcao(*words, typed="a long enough password\n")[:2] == (0, "Added Bia@Example.com as org_admin.\n")
    ((email, role, password_hash),) = rows(file, "select email, role, password_hash from users")
    assert (email, role) == ("bia@example.com", "org_admin")
    assert PasswordHasher().verify(str(password_hash), "a long enough password")
    assert "is there already" in refusal(balcao(*words, typed="another long password\n"))
    assert len(rows(file, "select id from users")) == 1


def test_user_add_refuses_what_cannot_be(balcao: Balcao, file: Path) -> None:
    assert "at least 12" in refusal(balcao("user", "add", "a@example.com", "A", typed="short\n"))
    assert "no e-mail address" in refusal(balcao("user", "add", "nobody", "A", typed="a long enough password\n"))
    assert "apply" in refusal(balcao("user", "add", "a@example.com", "A", typed="a long enough password\n"))
    assert balcao("user", "add", "a@example.com", "A", "--role", "king")[0] == USAGE
    assert rows(file, "select id from users") == []


def test_user_add_takes_what_every_database_can_hold(database_url: str, balcao: Balcao) -> None:
    balcao("apply", str(EXAMPLE), DATABASE_URL=database_url)

    def add(email: str, name: str = "Bia") -> tuple[int, str, str]:
        return balcao("user", "add", email, name, typed="a long enough password\n", DATABASE_URL=database_url)

    wrong = ("a@b", "@example.com", "bia@", "bia @example.com", "a@b@example.com", "Bia <a@example.com>", "bia@example")
    for email in (*wrong, "a@example..com", f"{'a' * 400}@example.com", "b\udcff@example.com"):
        said = refusal(add(email))
        assert "is no e-mail address" in said
        assert len(said) < 120
    for name in ("", "  ", "n" * 400, "B\udcff"):
        assert "the name needs 1 to 255" in refusal(add("bia@example.com", name))
    assert add("Bia.Souza+a@mail.example.com", "Bia Souza")[0] == 0


@pytest.mark.parametrize("number", [2**63, -(2**64)])
def test_a_number_that_is_too_large_is_one_line(balcao: Balcao, number: int) -> None:
    for words, told in (("replay", "is not parked"), ("retry", "is not dead")):
        assert f"{number} {told}" in refusal(balcao(words, "--", str(number)))


def test_apply_of_characters_that_no_database_takes(balcao: Balcao, file: Path) -> None:
    bad = file.with_name("bad.yaml")
    for char in (r"\0", r"\ud800"):
        for line, changed in (("name: Cartão Aurora", f'name: "Cartão{char} Aurora"'),):
            source = EXAMPLE.read_text("utf-8")
            assert line in source
            bad.write_text(source.replace(line, changed, 1), "utf-8")
            said = refusal(balcao("apply", str(bad)))
            assert "holds a character that cannot be kept" in said
    assert rows(file, "select slug from organizations") == []


# --- demo -----------------------------------------------------------------------------------------------------------


def test_demo_of_what_cannot_be(balcao: Balcao, file: Path) -> None:
    status, out, err = balcao("demo", "--port", "0", "--log-level", "FOO")
    assert (status, out) == (USAGE, "")
    assert "Traceback" not in err
    text = file.with_name("text")
    text.write_text("")
    for place in (text, text / "below"):
        said = refusal(balcao("demo", "--port", "0", "--data", str(place)))
        assert f"--data {place} cannot be used" in said


def test_metrics_need_the_folder_they_are_promised(balcao: Balcao, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "/nope")
    said = refusal(balcao("serve", "--port", "0"))
    assert "PROMETHEUS_MULTIPROC_DIR must be a folder" in said
    assert "PROMETHEUS_MULTIPROC_DIR must be a folder" in refusal(balcao("demo", "--port", "0"))


def test_pix_confirm_tells_the_payer_once(balcao: Balcao, file: Path) -> None:
    balcao("apply", str(EXAMPLE))
    assert "no charge has txid" in refusal(balcao("pix", "confirm", "CT404"))
    intent(file, "CT1")
    assert balcao("pix", "confirm", "CT1")[:2] == (0, "Confirmed.\n")
    assert balcao("pix", "confirm", "CT1")[:2] == (0, "It was confirmed before.\n")
    found = rows(file, "select kind, source, status, contact_id from events")
    assert found == [("pix.confirmed", "staff", "pending", CONTACT)]


CONTACT = "00000000000000000000000000000c0c"


def intent(file: Path, txid: str) -> None:
    """A charge that somebody was shown; only what `pix confirm` looks at is true of it."""
    ((org,),) = rows(file, "select id from organizations")
    with sqlite3.connect(file) as connection:
        columns = connection.execute(
            "select name, type, \"notnull\", dflt_value from pragma_table_info('payment_intents')"
        )
        needed = {name: kind for name, kind, required, default in columns if required and default is None}
        row: dict[str, object] = {
            name: 1 if "INT" in kind else "2026-11-23 13:00:00" if "DATE" in kind else "0" * 32
            for name, kind in needed.items()
        }
        row |= {"id": "0" * 31 + "1", "organization_id": org, "contact_id": CONTACT, "provider_intent_id": txid}
        row |= {"status": "pending", "method": "pix"}
        places = ",".join("?" * len(row))
        connection.execute(f"insert into payment_intents ({','.join(row)}) values ({places})", list(row.values()))  # noqa: S608
    connection.close()


def test_link_opens_a_chat_that_remembers_where_it_came_from(balcao: Balcao, file: Path) -> None:
    balcao("apply", str(EXAMPLE))
    assert "not known yet" in refusal(balcao("link"))
    with sqlite3.connect(file) as connection:
        connection.execute("update channel_numbers set display_number = '+55 11 99999-0000'")
    connection.close()
    status, out, _ = balcao("link", "--source", "instagram", "--campaign", "verao 26")
    assert status == 0
    url = urlsplit(out.strip())
    assert (url.netloc, url.path) == ("wa.me", "/5511999990000")
    words, utm = read(parse_qs(url.query)["text"][0])
    assert words
    assert utm is not None
    assert "instagram" in utm.values()


def test_diagram_of_one_and_of_all(balcao: Balcao) -> None:
    status, one, _ = balcao("diagram", "signup")
    assert status == 0
    assert one.startswith("stateDiagram-v2\n    %% signup\n    [*] --> ")
    _, every, _ = balcao("diagram")
    assert every.count("stateDiagram-v2") > 1
    assert one.strip() in every
    assert "no dialogue 'nothing'; there are:" in refusal(balcao("diagram", "nothing"))
