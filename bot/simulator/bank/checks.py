"""How the fake bank reads a request: as strictly as the API Pix is written, patterns anchored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from stdnum.br import cnpj, cpf

from bot.simulator.bank.books import REMOVED
from bot.simulator.bank.problems import Violation, bad_charge, bad_refund, bad_request, bad_search, bad_webhook
from handlers.payments.callback import read_centavos, read_instant

TXID = re.compile(r"[a-zA-Z0-9]{26,35}")
ANY_TXID = re.compile(r"[a-zA-Z0-9]{1,35}")
REFUND_ID = re.compile(r"[a-zA-Z0-9]{1,35}")
_MONEY = re.compile(r"[0-9]{1,10}\.[0-9]{2}")
_URL = re.compile(r"https?://[^\s/]+\S*")
_DEFAULT_LIFE = 86_400


@dataclass(frozen=True, slots=True)
class Terms:
    """A valid `CobSolicitada`: what it says, and the two values that rules need (centavos, life)."""

    said: dict[str, object]
    amount: int
    expires_in: timedelta


@dataclass(frozen=True, slots=True)
class Revision:
    """A valid `CobRevisada`. None is what it leaves as it was."""

    said: dict[str, object]
    amount: int | None
    expires_in: timedelta | None


@dataclass(frozen=True, slots=True)
class Search:
    """The filters of `GET /pix`."""

    since: datetime
    until: datetime
    txid: str | None
    with_txid: bool | None
    with_refund: bool | None
    page: int
    per_page: int


def new_charge(txid: str, body: object, key: str) -> Terms:
    """The terms of a `PUT /cob/{txid}`. Raises Problem with every violation at once."""
    if not TXID.fullmatch(txid):
        raise bad_charge(Violation("cob.txid", "O txid deve ter de 26 a 35 letras e algarismos."))
    asked = _revision(body, key, required=("calendario", "valor", "chave"))
    if asked.amount is None or asked.expires_in is None:
        raise bad_charge(Violation("cob.valor.original", "O campo é obrigatório."))
    return Terms(asked.said, asked.amount, asked.expires_in)


def revised_charge(body: object, key: str) -> Revision | None:
    """The terms of a `PATCH /cob/{txid}`; None when it asks for the removal, which must stand alone."""
    if isinstance(body, Mapping) and "status" in body:
        if body["status"] != REMOVED:
            raise bad_charge(Violation("cob.status", "O campo cob.status não respeita o schema."))
        if len(body) > 1:
            raise bad_charge(Violation("cob.status", "A remoção não pode vir com outras alterações."))
        return None
    return _revision(body, key, required=())


def refund(refund_id: str, body: object) -> tuple[int, str | None]:
    """Amount in centavos and description of a `DevolucaoSolicitada`."""
    if not REFUND_ID.fullmatch(refund_id):
        raise bad_refund(Violation("devolucao.id", "O id deve ter de 1 a 35 letras e algarismos."))
    if not isinstance(body, Mapping):
        raise bad_request("o corpo deve ser um objeto JSON")
    wrong = []
    amount = _money(body.get("valor"))
    if not amount:
        wrong.append(Violation("devolucao.valor", "O campo devolucao.valor não respeita o schema ou é zero."))
    if body.get("natureza", "ORIGINAL") not in {"ORIGINAL", "RETIRADA"}:
        wrong.append(Violation("devolucao.natureza", "O campo não respeita o schema."))
    description = body.get("descricao")
    if description is not None and not _is_text(description, 140):
        wrong.append(Violation("devolucao.descricao", "O campo não respeita o schema."))
    if wrong or amount is None:
        raise bad_refund(*wrong)
    return amount, description if isinstance(description, str) else None


def webhook(key: str, body: object, own_key: str) -> str:
    """The address to call, of a `WebhookSolicitado`."""
    url = body.get("webhookUrl") if isinstance(body, Mapping) else None
    if key != own_key:
        raise bad_webhook(Violation("chave", "A chave não pertence a este usuário recebedor."))
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise bad_webhook(Violation("webhook.webhookUrl", "O campo não respeita o schema."))
    return url


def search(query: Mapping[str, str]) -> Search:
    """The filters of `GET /pix`, or the Problem with what is wrong about them."""
    since, until = read_instant(query.get("inicio")), read_instant(query.get("fim"))
    if since is None or until is None or until < since:
        raise bad_search(Violation("fim", "inicio e fim são obrigatórios, e fim não pode ser anterior a inicio."))
    txid = query.get("txid")
    if txid is not None and not ANY_TXID.fullmatch(txid):
        raise bad_search(Violation("txid", "O parâmetro não respeita o schema."))
    if "cpf" in query and "cnpj" in query:
        raise bad_search(Violation("cpf", "cpf e cnpj não podem vir juntos."))
    return Search(
        since=since,
        until=until,
        txid=txid,
        with_txid=_flag(query, "txIdPresente"),
        with_refund=_flag(query, "devolucaoPresente"),
        page=_number(query, "paginacao.paginaAtual", 0, 0, 10**9),
        per_page=_number(query, "paginacao.itensPorPagina", 100, 1, 1000),
    )


def _revision(body: object, key: str, required: tuple[str, ...]) -> Revision:
    if not isinstance(body, Mapping):
        raise bad_request("o corpo deve ser um objeto JSON")
    wrong = [Violation(f"cob.{name}", "O campo é obrigatório.") for name in required if name not in body]
    wrong += [Violation(name, "O campo não respeita o schema.") for name in _violations(body, key)]
    if wrong:
        raise bad_charge(*wrong)
    calendar, value = body.get("calendario"), body.get("valor")
    life = calendar.get("expiracao", _DEFAULT_LIFE) if isinstance(calendar, Mapping) else None
    amount = _money(value.get("original")) if isinstance(value, Mapping) else None
    known = {"devedor", "valor", "chave", "solicitacaoPagador", "infoAdicionais"}
    said = {name: part for name, part in body.items() if name in known}
    return Revision(said, amount, timedelta(seconds=life) if isinstance(life, int) else None)


def _violations(body: Mapping[str, object], key: str) -> Iterator[str]:
    """Names of the properties that do not hold, as the standard lists them under CobOperacaoInvalida."""
    if "calendario" in body and not _is_calendar(body["calendario"]):
        yield "cob.calendario.expiracao"
    if "valor" in body and not _is_value(body["valor"]):
        yield "cob.valor.original"
    if "chave" in body and body["chave"] != key:
        yield "cob.chave"
    if "devedor" in body and not _is_payer(body["devedor"]):
        yield "cob.devedor"
    if "solicitacaoPagador" in body and not _is_text(body["solicitacaoPagador"], 140):
        yield "solicitacaoPagador"
    if "infoAdicionais" in body and not _is_info(body["infoAdicionais"]):
        yield "infoAdicionais"
    if "loc" in body:  # this bank hands out no locations beforehand, so none can be referred to
        yield "cob.loc.id"


def _is_calendar(part: object) -> bool:
    if not isinstance(part, Mapping):
        return False
    life = part.get("expiracao", _DEFAULT_LIFE)
    return isinstance(life, int) and not isinstance(life, bool) and 0 < life < 2**31


def _is_value(part: object) -> bool:
    if not isinstance(part, Mapping) or part.get("modalidadeAlteracao", 0) not in {0, 1}:
        return False
    return "original" not in part or bool(_money(part["original"]))


def _is_payer(part: object) -> bool:
    if not isinstance(part, Mapping) or not _is_text(part.get("nome"), 200):
        return False
    person, company = part.get("cpf"), part.get("cnpj")
    if company is None:
        return isinstance(person, str) and bool(re.fullmatch(r"[0-9]{11}", person)) and bool(cpf.is_valid(person))
    if person is not None or not isinstance(company, str):
        return False
    return bool(re.fullmatch(r"[0-9A-Z]{14}", company)) and bool(cnpj.is_valid(company))


def _is_info(part: object) -> bool:
    return (
        isinstance(part, list)
        and len(part) <= 50
        and all(
            isinstance(item, Mapping) and _is_text(item.get("nome"), 50) and _is_text(item.get("valor"), 200)
            for item in part
        )
    )


def _is_text(value: object, limit: int) -> bool:
    return isinstance(value, str) and len(value) <= limit


def _money(value: object) -> int | None:
    return read_centavos(value) if isinstance(value, str) and _MONEY.fullmatch(value) else None


def _flag(query: Mapping[str, str], name: str) -> bool | None:
    if name in query and query[name] not in {"true", "false"}:
        raise bad_search(Violation(name, "O parâmetro não respeita o schema."))
    return query[name] == "true" if name in query else None


def _number(query: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", text) or not lowest <= int(text) <= highest:
        raise bad_search(Violation(name, "O parâmetro não respeita o schema."))
    return int(text)
