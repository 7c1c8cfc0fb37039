"""People and old messages on file: databases filled once, by set-based SQL, and kept for the next run.

`balcao_bench_<people>_<messages>` stands beside the others on the same PostgreSQL until it is dropped by hand; one of
another schema is made anew. The rows hold what the application would have written: every contact with its names and a
conversation at rest, half of the people members (sign-up approved, card, address), messages with their statuses, ended.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from storage.migrate import FOLDER
from tests.bench.databases import execute, furnish, plain_role
from tests.bench.meta import NUMBERS
from tests.databases import migrate

# A UUIDv7 that is always the same for a thing of this kind and number: made within SQL, needing no look-up. STABLE, and
# an expression alone: else PostgreSQL would call it as a function, ten times slower.
_ID = """
CREATE FUNCTION pg_temp.id(kind text, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT overlay(overlay(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || substr(md5(kind || n), 13)
                   PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid $$
"""
# When person n first wrote: over the last two years, in order.
_SINCE = """
CREATE FUNCTION pg_temp.since(n bigint, people bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT timestamptz '{today}' - interval '730 days' + n * (interval '700 days' / people) $$
"""
_PHONE = """
CREATE FUNCTION pg_temp.phone(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '55219' || lpad((n + 10000000)::text, 8, '0') $$
"""
_PEOPLE = "FROM organizations o, generate_series(1, {people}) AS n, pg_temp.since(n, {people}) AS at"
_MEMBERS = _PEOPLE + ", plans p WHERE n % 2 = 0 AND p.organization_id = o.id AND p.sort_order = {first_plan}"
_PRICING = """'{"total": 2990, "discount": 0, "adhesion": 0}'::jsonb"""

FILL = (
    """INSERT INTO contacts (id, organization_id, phone_number_id, profile_name, wa_id, bsuid, phone_e164,
         last_inbound_at, last_message_id, created_at)
       SELECT pg_temp.id('contact', n, at), o.id, '{number}', 'Pessoa Exemplo', pg_temp.phone(n),
         'BR.' || pg_temp.phone(n), '+' || pg_temp.phone(n), at + interval '2 days', 'wamid.old.' || n, at """
    + _PEOPLE,
    """INSERT INTO contact_aliases (id, organization_id, contact_id, kind, value, created_at)
       SELECT pg_temp.id(k.kind, n, at), o.id, pg_temp.id('contact', n, at), k.kind, k.value, at """
    + _PEOPLE
    + """, LATERAL (VALUES ('wa_id', pg_temp.phone(n)), ('bsuid', 'BR.' || pg_temp.phone(n)),
         ('match_key', '5521' || substr(pg_temp.phone(n), 6))) AS k (kind, value)""",
    """INSERT INTO conversations (contact_id, organization_id, dialogue, state, draft, stack, history, version,
         entered_at, updated_at)
       SELECT pg_temp.id('contact', n, at), o.id, 'menu', 'choosing', '{{}}', '[]', '[]', 20, at,
         at + interval '2 days' """
    + _PEOPLE,
    """INSERT INTO registration_sessions (id, organization_id, contact_id, status, current_step, full_name, cpf_sealed,
         cpf_hash, birth_date, email, phone, address, gender, plan_id, addons, pricing, identity_verified_at, paid_at,
         signed_at, customer_id, expires_at, created_at, updated_at)
       SELECT pg_temp.id('registration', n, at), o.id, pg_temp.id('contact', n, at), 'approved', 'done',
         'Pessoa Exemplo ' || n, sha256(('cpf' || n)::bytea), encode(sha256(('cpf' || n)::bytea), 'hex'),
         date '1950-01-01' + (n % 18000)::int, 'pessoa' || n || '@example.com', '+' || pg_temp.phone(n),
         '{{"cep": "20040002", "street": "Rua Exemplo", "number": "10", "neighborhood": "Centro",
            "city": "Rio de Janeiro", "state": "RJ"}}'::jsonb,
         'F', p.id, '[]', """
    + _PRICING.replace("{", "{{").replace("}", "}}")
    + """, at, at, at, pg_temp.id('customer', n, at), at + interval '30 days', at, at + interval '1 day' """
    + _MEMBERS,
    """INSERT INTO customers (id, organization_id, registration_id, membership_number, full_name, cpf_sealed, cpf_hash,
         birth_date, email, phone, gender, status, plan_id, addons, pricing, valid_until, card_key, created_at,
         updated_at)
       SELECT r.customer_id, r.organization_id, r.id, 'M' || row_number() OVER (ORDER BY r.id), r.full_name,
         r.cpf_sealed, r.cpf_hash, r.birth_date, r.email, r.phone, r.gender, 'active', r.plan_id, r.addons, r.pricing,
         (r.created_at + interval '3 years')::date, encode(sha256(r.id::text::bytea), 'hex'), r.updated_at, r.updated_at
       FROM registration_sessions r WHERE r.status = 'approved'""",
    """INSERT INTO customer_contacts (id, organization_id, customer_id, contact_id, created_at)
       SELECT r.id, r.organization_id, r.customer_id, r.contact_id, r.updated_at
       FROM registration_sessions r WHERE r.status = 'approved'""",
    """INSERT INTO addresses (id, organization_id, customer_id, cep, street, number, neighborhood, city, state,
         is_primary, created_at)
       SELECT r.id, r.organization_id, r.customer_id, '20040002', 'Rua Exemplo', '10', 'Centro', 'Rio de Janeiro', 'RJ',
         true, r.updated_at
       FROM registration_sessions r WHERE r.status = 'approved'""",
    """INSERT INTO membership_counters (organization_id, last_number) SELECT id, {people} / 2 FROM organizations
       ON CONFLICT (organization_id) DO UPDATE SET last_number = excluded.last_number""",
    """INSERT INTO communications (id, organization_id, contact_id, channel, template, recipient, status, category,
         provider_message_id, created_at, sent_at, delivered_at, read_at)
       SELECT pg_temp.id('message', m, at), o.id, pg_temp.id('contact', n, since), 'whatsapp', 'signup-cpf',
         pg_temp.phone(n), CASE WHEN m % 10 = 0 THEN 'delivered' ELSE 'read' END, 'service', 'wamid.old.' || m, at, at,
         at, CASE WHEN m % 10 > 0 THEN at END
       FROM organizations o, generate_series(1, {messages}) AS m,
         LATERAL (SELECT (m - 1)::bigint * {people} / {messages} + 1) AS person (n),
         LATERAL pg_temp.since(n, {people}) AS since,
         LATERAL (SELECT since + (m % 10) * interval '2 minutes') AS moment (at)""",
)
"""In this order: each refers to those before it. `wording` is already forgotten, as it is for messages so old."""


REFERRING = ("contact_aliases", "conversations", "registration_sessions", "customer_contacts", "communications")
_LOST = "SELECT count(*) FROM {table} t WHERE NOT EXISTS (SELECT FROM contacts c WHERE c.id = t.contact_id)"


@contextmanager
def filled(admin_url: str, people: int, messages: int) -> Iterator[str]:
    """The address of a database with so many on file, filled now if there is none."""
    name = f"balcao_bench_{people}_{messages}"
    plain = urlunsplit(urlsplit(admin_url)._replace(path=f"/{name}"))
    url = plain.replace("postgresql://", "postgresql+asyncpg://", 1)
    if not asyncio.run(_is_ready(admin_url, plain, name)):
        begun = time.monotonic()
        print(f"bench: filling {name}, which takes minutes the first time ...", file=sys.stderr, flush=True)
        asyncio.run(execute(admin_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        asyncio.run(execute(admin_url, f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'"))
        migrate(url)
        furnish(url)
        asyncio.run(_fill(plain, people, messages))
        print(f"bench: filled in {time.monotonic() - begun:.0f} s; drop {name} when done", file=sys.stderr, flush=True)
    with plain_role(url) as address:
        yield address


async def _is_ready(admin_url: str, plain: str, name: str) -> bool:
    """Whether it was filled to the end, with the migrations of today."""
    admin = await asyncpg.connect(admin_url)
    try:
        if await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name) is None:
            return False
    finally:
        await admin.close()
    connection = await asyncpg.connect(plain)
    try:
        return bool(await connection.fetchval("SELECT obj_description('communications'::regclass)") == _mark())
    finally:
        await connection.close()


async def _fill(plain: str, people: int, messages: int) -> None:
    connection = await asyncpg.connect(plain, command_timeout=3600)
    try:
        for function in (_ID, _PHONE, _SINCE.format(today=datetime.now(UTC).date())):
            await connection.execute(function)
        # Row by row the keys would be looked up for longer than the rows take to write; they are checked at the end.
        await connection.execute("SET synchronous_commit = off; SET session_replication_role = replica")
        first_plan = await connection.fetchval("SELECT min(sort_order) FROM plans")
        numbers = {"people": people, "messages": messages, "number": NUMBERS[0], "first_plan": first_plan}
        for statement in FILL:
            await connection.execute(statement.format(**numbers))
        for table in REFERRING:
            if lost := await connection.fetchval(_LOST.format(table=table)):
                raise RuntimeError(f"{lost} rows of {table} refer to no contact")
        await connection.execute("VACUUM ANALYZE")
        await connection.execute(f"COMMENT ON TABLE communications IS '{_mark()}'")
    finally:
        await connection.close()


def _mark() -> str:
    """What the tables and the filling look like today."""
    versions = b"".join(file.read_bytes() for file in sorted((FOLDER / "versions").glob("*.py")))
    return sha256(versions + "".join(FILL).encode()).hexdigest()
