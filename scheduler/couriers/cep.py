"""Address look-ups: an answer within seconds or "the service is down"; nobody waits for a CEP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from handlers.ports import CepDirectory
from scheduler.jobs import Done, Drop, Hold, Job


@dataclass(slots=True)
class CepCourier:
    """`cep.lookup`: payload {cep} → event cep.found, cep.unknown or cep.down."""

    directory: CepDirectory
    tries: int = 2

    async def carry(self, job: Job) -> Done | Hold | Drop:
        cep = str(job.payload["cep"])
        address = await self.directory.find(cep)
        if address is None:
            return Done(event=("cep.unknown", {"cep": cep}))
        return Done(event=("cep.found", asdict(address)))

    def gives_up_with(self, job: Job, code: str) -> tuple[str, Mapping[str, Any]] | None:
        return ("cep.down", {"cep": job.payload.get("cep")})
