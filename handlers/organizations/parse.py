"""From the text of a business file to its model, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from handlers.organizations.problems import ApplyError, Problem
from handlers.organizations.schema import BusinessFile, Plan
from handlers.organizations.source import Path, Source, read

_NEEDED_TO_SELL = ("terms", "privacy", "signature_method")


def parse(text: str, filename: str) -> BusinessFile:
    """The business that `text` (YAML) describes. Raises ApplyError with every problem, its line and its field."""
    source = read(text, filename)
    try:
        business = BusinessFile.model_validate(source.values).came_from(source)
    except ValidationError as error:
        raise ApplyError(filename, [_problem(source, detail) for detail in error.errors()]) from None
    problems = [source.problem(path, message) for path, message in _inconsistencies(business)]
    if problems:
        raise ApplyError(filename, problems)
    return business


# --- Pydantic's errors in our words -----------------------------------------------------------------------------------


def _problem(source: Source, detail: ErrorDetails) -> Problem:
    path: Path = tuple(part for part in detail["loc"] if part != "[key]")
    return source.problem(path, _sentence(path, detail))


def _sentence(path: Path, detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"{detail['input']} is not one of {context['expected'].replace(chr(39), '')}"
    if kind in ("string_too_short", "too_short"):
        return _size(detail["input"], "at least", context["min_length"])
    if kind in ("string_too_long", "too_long"):
        return _size(detail["input"], "at most", context["max_length"])
    return _SENTENCES.get(kind, detail["msg"]).format(**context)


_SENTENCES = {
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number, without quotes",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "date_type": "must be a date, written as 2026-01-31 without quotes",
    "list_type": "must be a list: each item on its own line, after a hyphen",
    "dict_type": "must hold keys and values",
    "model_type": "must hold keys and values",
}


def _size(value: Any, bound: str, count: int) -> str:
    if count == 1:
        return "must not be empty"
    return f"must have {bound} {count} {'characters' if isinstance(value, str) else 'items'}"


def _unknown(path: Path) -> str:
    known = _fields_at(path[:-1])
    near = get_close_matches(str(path[-1]), known, n=1)
    return f"is not known here; did you mean {near[0]}?" if near else f"is not known here; known: {', '.join(known)}"


def _fields_at(path: Path) -> list[str]:
    model: type[BaseModel] = BusinessFile
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models_in(model.model_fields[part].annotation), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


# --- What no single field can tell ------------------------------------------------------------------------------------


def _inconsistencies(file: BusinessFile) -> Iterator[tuple[Path, str]]:
    yield from _repeated("plans", "slug", (plan.slug for plan in file.plans))
    yield from _repeated("plans", "name", (plan.name for plan in file.plans))
    yield from _repeated("partners", "slug", (partner.slug for partner in file.partners))
    for number, plan in enumerate(file.plans):
        yield from _odd_plan(("plans", number), plan)
    for number, partner in enumerate(file.partners):
        at: Path = ("partners", number, "locations")
        yield from _repeated(at, "name", (location.name for location in partner.locations))
        for place, location in enumerate(partner.locations):
            if (location.latitude is None) != (location.longitude is None):
                lone = "longitude" if location.latitude is None else "latitude"
                yield (*at, place, lone), "needs both latitude and longitude, or neither"
    yield from _odd_verification(file)
    yield from _missing_to_sell(file)


def _repeated(at: str | Path, name: str, values: Iterable[str]) -> Iterator[tuple[Path, str]]:
    path: Path = (at,) if isinstance(at, str) else at
    seen: dict[str, int] = {}
    for number, value in enumerate(values):
        if value in seen:
            yield (*path, number, name), f"{value} is also the {name} of item {seen[value] + 1}"
        seen.setdefault(value, number)


def _odd_plan(at: Path, plan: Plan) -> Iterator[tuple[Path, str]]:
    yield from _repeated((*at, "benefits"), "name", (benefit.name for benefit in plan.benefits))
    yield from _repeated((*at, "addons"), "slug", (addon.slug for addon in plan.addons))
    if plan.max_age is not None and plan.max_age < plan.min_age:
        yield (*at, "max_age"), f"must not be under min_age, which is {plan.min_age}"
    if plan.category == "individual" and plan.max_dependents:
        yield (*at, "max_dependents"), "must be 0 in an individual plan"
    if plan.price == 0:
        yield (*at, "price"), "must be more than 0"


def _odd_verification(file: BusinessFile) -> Iterator[tuple[Path, str]]:
    template = file.verification.code_template
    if "whatsapp" in file.verification.channels and template is None:
        yield ("verification", "channels"), "whatsapp needs a code_template"
    if template is not None and template.category != "authentication":
        yield ("verification", "code_template", "category"), "must be authentication"


def _missing_to_sell(file: BusinessFile) -> Iterator[tuple[Path, str]]:
    if not file.plans:
        return
    if file.contract is None:
        yield ("contract",), "is required to sell plans"
    needed = [*_NEEDED_TO_SELL, *(["health"] if any(plan.collects_health_data for plan in file.plans) else [])]
    for kind in needed:
        if kind not in file.consents:
            yield ("consents", kind), "is required to sell these plans"
