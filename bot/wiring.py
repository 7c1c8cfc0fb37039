"""The only place where things are put together: settings in, a running front desk out."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ssl import SSLContext

from aiohttp import ClientSession, web

from bot.gateways.cep import ViaCep
from bot.gateways.documents.press import Press
from bot.gateways.mail import SmtpMail
from bot.gateways.none import NoMail, NoSms
from bot.gateways.pix.bcb import BcbPix
from bot.gateways.pix.static import StaticPix
from bot.gateways.pix.tls import CertificateError, client_ssl
from bot.gateways.redis import RedisPacer, RedisWake, connect
from bot.gateways.sms import TwilioSms
from bot.gateways.whatsapp import GraphWhatsApp, make_session
from bot.http import links
from bot.http.app import make_app, make_status_app
from bot.http.deps import WebDeps
from bot.http.health import usual_checks
from bot.metrics import Metrics
from bot.settings import Settings, unusable
from conversations.catalogue import portuguese
from conversations.dialogues.all import dialogues
from conversations.engine import Engine
from handlers.commands import COMMANDS
from handlers.facts import Organization
from handlers.organizations.directory import Directory
from handlers.ports import (
    CepDirectory,
    Clock,
    DocumentPress,
    MailGateway,
    PixGateway,
    SmsGateway,
    WhatsAppGateway,
)
from handlers.reactions import react
from scheduler.couriers.cep import CepCourier
from scheduler.couriers.documents import RenderCard, RenderContract, RenderSignedCopy
from scheduler.couriers.letters import MailCourier, SmsCourier
from scheduler.couriers.pix import CancelCharge, CheckCharge, CreateCharge, RefundPayment
from scheduler.couriers.whatsapp import CodeCourier, ReadCourier, StaffCourier, WhatsAppCourier
from scheduler.deliveries import Deliveries
from scheduler.digest import MailNotices
from scheduler.jobs import Courier
from scheduler.notices import Notices
from scheduler.pacing import LocalPacer, Pacer, number_rate
from scheduler.periodic import Job, Periodic, expire_registrations, sweep_payments
from scheduler.retention import PAGE, prune
from scheduler.service import Service
from scheduler.turns import Turns
from scheduler.wake import LocalWake, Wake
from storage.unit_of_work import Database, Tx, make_engine
from storage.vault import Vault


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Gateways:
    whatsapp: WhatsAppGateway
    pix: PixGateway
    mail: MailGateway
    sms: SmsGateway
    cep: CepDirectory
    press: DocumentPress


@dataclass(frozen=True, slots=True)
class Balcao:
    """Everything that runs in one process. `service` works, `web` listens; a role uses one or both. `status` is what
    a worker answers in the place of `web`: health and metrics."""

    database: Database
    vault: Vault
    service: Service
    status: web.Application
    web: web.Application
    metrics: Metrics
    wake: Wake
    clock: Clock


class Facts:
    """What the directory knows of an organisation, with what belongs to the installation: the Pix key, our links."""

    def __init__(self, directory: Directory, settings: Settings, vault: Vault) -> None:
        self._directory = directory
        self._settings = settings
        self._vault = vault
        self._whole: dict[uuid.UUID, tuple[Organization, Organization]] = {}

    async def organization(self, tx: Tx, organization_id: uuid.UUID) -> Organization:
        found = await self._directory.organization(tx, organization_id)
        known = self._whole.get(organization_id)
        if known is None or known[0] is not found:
            known = (found, self._complete(found))
            self._whole[organization_id] = known
        return known[1]

    def card_url(self, card_key: str) -> str:
        return self._directory.card_url(card_key)

    def _complete(self, organization: Organization) -> Organization:
        return replace(
            organization,
            pix_key=self._settings.pix_key,
            pix_merchant=self._settings.pix_merchant_name or organization.name,
            media_url=lambda document: links.media_url(self._settings.public_url, self._vault, uuid.UUID(document)),
        )


def make_vault(settings: Settings) -> Vault:
    secrets = [settings.secret_key, settings.secret_key_previous]
    return Vault([secret.get_secret_value() for secret in secrets if secret is not None])


def make_gateways(settings: Settings, session: ClientSession, clock: Clock) -> Gateways:
    """The real drivers, as the settings name them."""
    return Gateways(
        whatsapp=GraphWhatsApp(
            session,
            settings.whatsapp_graph_url,
            settings.whatsapp_api_version,
            settings.whatsapp_token.get_secret_value(),
        ),
        pix=_pix(settings, session, clock),
        mail=_mail(settings),
        sms=_sms(settings, session),
        cep=ViaCep(session, settings.cep_url),
        press=Press(),
    )


def _pix(settings: Settings, session: ClientSession, clock: Clock) -> PixGateway:
    name, city = settings.pix_merchant_name or "Balcao", settings.pix_merchant_city or "Sao Paulo"
    if settings.pix_driver == "static":
        return StaticPix(clock, settings.pix_key, name, city)
    return BcbPix(
        session,
        str(settings.pix_base_url),
        str(settings.pix_token_url),
        str(settings.pix_client_id),
        settings.pix_client_secret.get_secret_value() if settings.pix_client_secret else "",
        settings.pix_key,
        clock,
        name,
        city,
        bank_tls(settings),
    )


def try_out(settings: Settings) -> None:
    """SettingsError for what looks right and would stop every process as soon as it is wired."""
    bank_tls(settings)
    _mail(settings)


def bank_tls(settings: Settings) -> SSLContext | None:
    """How a bank with the API Pix knows this server; None without a certificate. SettingsError when it is none."""
    if settings.pix_certificate is None or settings.pix_driver != "bcb":
        return None
    password = settings.pix_certificate_password
    try:
        return client_ssl(str(settings.pix_certificate), password.get_secret_value() if password else None)
    except CertificateError as error:
        raise unusable("pix_certificate", str(error)) from None


def _mail(settings: Settings) -> MailGateway:
    if settings.smtp_url is None or settings.mail_from is None:
        return NoMail()
    try:
        return SmtpMail(settings.smtp_url.get_secret_value(), settings.mail_from)
    except ValueError as error:
        raise unusable("mail_from", str(error)) from None


def _sms(settings: Settings, session: ClientSession) -> SmsGateway:
    if settings.sms_account_sid is None or settings.sms_auth_token is None or settings.sms_from is None:
        return NoSms()
    token = settings.sms_auth_token.get_secret_value()
    return TwilioSms(session, settings.sms_base_url, settings.sms_account_sid, token, settings.sms_from)


def make_couriers(gateways: Gateways, database: Database, clock: Clock, facts: Facts) -> dict[str, Courier]:
    texts = portuguese()
    return {
        "whatsapp.message": WhatsAppCourier(gateways.whatsapp, database, clock),
        "whatsapp.code": CodeCourier(gateways.whatsapp),
        "whatsapp.staff": StaffCourier(gateways.whatsapp),
        "whatsapp.read": ReadCourier(gateways.whatsapp),
        "mail.message": MailCourier(gateways.mail, texts, database),
        "sms.message": SmsCourier(gateways.sms, texts),
        "cep.lookup": CepCourier(gateways.cep),
        "pix.create": CreateCharge(gateways.pix, gateways.press, database, clock),
        "pix.check": CheckCharge(gateways.pix),
        "pix.cancel": CancelCharge(gateways.pix),
        "pix.refund": RefundPayment(gateways.pix),
        "document.contract": RenderContract(gateways.press, database, clock),
        "document.signed": RenderSignedCopy(gateways.press, database, clock),
        "document.card": RenderCard(gateways.press, database, clock, facts.card_url),
    }


def make_jobs(settings: Settings, gateways: Gateways, facts: Facts) -> list[Job]:
    """What runs by itself here: a bank that cannot tell is not asked, and without SMTP no digest is written."""
    jobs = [
        Job("registrations.expire", timedelta(minutes=10), expire_registrations),
        Job("retention", timedelta(hours=6), prune, PAGE),
    ]
    if gateways.pix.confirms:
        jobs.append(Job("pix.sweep", timedelta(minutes=1), sweep_payments))
    if settings.smtp_url is not None:
        jobs.append(Job("notices.mail", timedelta(minutes=5), MailNotices(facts, portuguese())))
    return jobs


def make_balcao(
    settings: Settings,
    gateways: Gateways,
    clock: Clock,
    *,
    wake: Wake | None = None,
    pacer: Pacer | None = None,
    redis_ping: object = None,
) -> Balcao:
    """Wire one process. Without `wake` and `pacer` it keeps to itself (embedded)."""
    vault, metrics = make_vault(settings), Metrics()
    database = Database(make_engine(settings.database_url))
    wake = wake or LocalWake()
    directory = Directory(vault, lambda key: links.card_url(settings.public_url, vault, key), clock)
    facts = Facts(directory, settings, vault)
    engine = Engine(dialogues(), portuguese(), COMMANDS, react)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    turns = Turns(database, facts, engine, clock, wake, metrics, time.perf_counter)
    deliveries = Deliveries(
        database,
        facts,
        make_couriers(gateways, database, clock, facts),
        pacer or LocalPacer(time.monotonic),
        number_rate(settings.whatsapp_messages_per_second),
        clock,
        wake,
        metrics,
        owner=owner,
    )
    service = Service(
        database,
        turns,
        Notices(database, facts, clock, wake, metrics),
        deliveries,
        Periodic(database, clock, make_jobs(settings, gateways, facts), owner),
        clock,
        wake,
        metrics,
    )
    deps = _web(settings, database, vault, clock, wake, metrics, redis_ping)
    return Balcao(database, vault, service, make_status_app(deps), make_app(deps), metrics, wake, clock)


def _web(
    settings: Settings, database: Database, vault: Vault, clock: Clock, wake: Wake, metrics: Metrics, ping: object
) -> WebDeps:
    secrets: Sequence[object] = (settings.whatsapp_app_secret, settings.whatsapp_app_secret_previous)
    pix_secret = settings.pix_webhook_secret
    return WebDeps(
        database=database,
        vault=vault,
        clock=clock,
        wake=wake,
        metrics=metrics,
        app_secrets=[secret.get_secret_value().encode() for secret in secrets if secret is not None],  # type: ignore[attr-defined]
        verify_token=settings.whatsapp_verify_token.get_secret_value(),
        pix_webhook_secret=pix_secret.get_secret_value() if pix_secret else None,
        public_url=settings.public_url,
        checks=usual_checks(database, vault, ping),  # type: ignore[arg-type]
    )


class Running:
    """A wired process with everything it holds open: sessions, Redis, loops. Use as an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Balcao:
        try:
            return await self._open()
        except BaseException:
            await self._stack.aclose()
            raise

    async def _open(self) -> Balcao:
        clock = SystemClock()
        session = await self._stack.enter_async_context(make_session())
        gateways = make_gateways(self._settings, session, clock)
        if self._settings.redis_url is None:
            balcao = make_balcao(self._settings, gateways, clock)
        else:
            redis = connect(self._settings.redis_url)
            self._stack.push_async_callback(redis.aclose)
            wake = RedisWake(redis)
            wake.start()
            self._stack.push_async_callback(wake.stop)
            pacer = RedisPacer(redis, LocalPacer(time.monotonic))
            balcao = make_balcao(self._settings, gateways, clock, wake=wake, pacer=pacer, redis_ping=redis.ping)
        self._stack.push_async_callback(balcao.database.close)
        return balcao

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()
