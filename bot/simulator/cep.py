"""A small CEP service for `balcao demo` and for tests: ViaCEP's shapes at `/ws`, BrasilAPI's at `/api/cep/v1`."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

import orjson
from aiohttp import web


@dataclass(slots=True)
class CepFaults:
    """Switched from the simulator's page."""

    down: bool = False
    slow: float = 0.0
    """Seconds before each answer."""


@dataclass(frozen=True, slots=True)
class Place:
    street: str
    neighborhood: str
    city: str
    state: str
    ibge: str
    """Seven digits: IBGE's code of the municipality."""
    area: str
    """Telephone area code."""


PLACES = {
    "01001000": Place("Praça da Sé", "Sé", "São Paulo", "SP", "3550308", "11"),
    "01310100": Place("Avenida Paulista", "Bela Vista", "São Paulo", "SP", "3550308", "11"),
    "20040020": Place("Praça Pio X", "Centro", "Rio de Janeiro", "RJ", "3304557", "21"),
    "30130010": Place("Praça Sete de Setembro", "Centro", "Belo Horizonte", "MG", "3106200", "31"),
    "40020000": Place("Rua Chile", "Centro", "Salvador", "BA", "2927408", "71"),
    "70040010": Place("SBN Quadra 1", "Asa Norte", "Brasília", "DF", "5300108", "61"),
    "80010000": Place("Rua José Loureiro", "Centro", "Curitiba", "PR", "4106902", "41"),
    "13940000": Place("", "", "Águas de Lindóia", "SP", "3500501", "19"),
}
"""Public addresses, the last one a small town whose single CEP has no street."""


class FakeCep:
    """The service in memory. `asked` counts the requests that came in, by CEP."""

    def __init__(self) -> None:
        self.faults = CepFaults()
        self.places = dict(PLACES)
        self.asked: dict[str, int] = {}

    def app(self) -> web.Application:
        """`http://host:port/ws` is the base URL for `ViaCep`; `http://host:port/api/cep/v1` the other shape."""
        app = web.Application()
        app.router.add_get("/ws/{cep}/json/", self._viacep)
        app.router.add_get("/api/cep/v1/{cep}", self._brasilapi)
        return app

    async def _viacep(self, request: web.Request) -> web.Response:
        cep = request.match_info["cep"]
        if trouble := await self._trouble(cep):
            return trouble
        if not re.fullmatch("[0-9]{5}-?[0-9]{3}", cep):
            return web.Response(status=400, text="<!DOCTYPE HTML><h3>Http 400</h3>", content_type="text/html")
        digits = cep.replace("-", "")
        place = self.places.get(digits)
        return _json({"erro": "true"} if place is None else _viacep_shape(digits, place))

    async def _brasilapi(self, request: web.Request) -> web.Response:
        cep = request.match_info["cep"]
        if trouble := await self._trouble(cep):
            return trouble
        if not re.fullmatch("[0-9]{8}", cep):
            return _json(_problem("validation_error", "CEP deve conter exatamente 8 caracteres."), status=400)
        place = self.places.get(cep)
        if place is None:
            return _json(_problem("service_error", "Todos os serviços de CEP retornaram erro."), status=404)
        return _json(_brasilapi_shape(cep, place))

    async def _trouble(self, cep: str) -> web.Response | None:
        self.asked[cep] = self.asked.get(cep, 0) + 1
        if self.faults.slow:
            await asyncio.sleep(self.faults.slow)
        if self.faults.down:
            return web.Response(status=503, text="<html>Service Unavailable</html>", content_type="text/html")
        return None


def _viacep_shape(cep: str, place: Place) -> dict[str, str]:
    return {
        "cep": f"{cep[:5]}-{cep[5:]}",
        "logradouro": place.street,
        "complemento": "",
        "unidade": "",
        "bairro": place.neighborhood,
        "localidade": place.city,
        "uf": place.state,
        "ibge": place.ibge,
        "ddd": place.area,
    }


def _brasilapi_shape(cep: str, place: Place) -> dict[str, str | None]:
    return {
        "cep": cep,
        "state": place.state,
        "city": place.city,
        "neighborhood": place.neighborhood or None,
        "street": place.street or None,
        "service": "open-cep",
    }


def _problem(kind: str, message: str) -> dict[str, object]:
    return {"name": "CepPromiseError", "message": message, "type": kind, "errors": []}


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", charset="utf-8")
