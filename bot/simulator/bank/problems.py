"""The refusals of the fake bank: RFC 7807, types and titles as in the API Pix."""

from __future__ import annotations

from dataclasses import dataclass

_TYPES = "https://pix.bcb.gov.br/api/v2/error/"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request: which property, and why."""

    property: str
    reason: str


class Problem(Exception):
    """An answer other than 2xx. `kind` is the last part of the RFC 7807 `type`."""

    def __init__(self, status: int, kind: str, title: str, *violations: Violation) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.title = title
        self.violations = violations

    def body(self) -> dict[str, object]:
        """The `Problema` object."""
        body: dict[str, object] = {"type": _TYPES + self.kind, "title": self.title, "status": self.status}
        if self.violations:
            body["violacoes"] = [{"razao": one.reason, "propriedade": one.property} for one in self.violations]
        return body


def bad_request(reason: str, name: str = "body") -> Problem:
    return Problem(400, "RequisicaoInvalida", "Requisição inválida.", Violation(name, reason))


def bad_charge(*violations: Violation) -> Problem:
    return Problem(400, "CobOperacaoInvalida", "Cobrança inválida.", *violations)


def bad_refund(*violations: Violation) -> Problem:
    return Problem(400, "PixDevolucaoInvalida", "Devolução inválida.", *violations)


def bad_search(*violations: Violation) -> Problem:
    return Problem(400, "PixConsultaInvalida", "Consulta inválida.", *violations)


def bad_webhook(*violations: Violation) -> Problem:
    return Problem(400, "WebhookOperacaoInvalida", "Webhook inválido.", *violations)


def not_found(kind: str = "NaoEncontrado") -> Problem:
    return Problem(404, kind, "Não encontrado.")
