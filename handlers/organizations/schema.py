"""A business as its owner writes it down for `balcao apply`. Amounts are in reais in the file, in centavos here."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr

from handlers.organizations import fields as f
from handlers.organizations.source import Source

Channel = Literal["email", "whatsapp", "sms"]
ConsentKind = Literal["terms", "privacy", "signature_method", "marketing", "health"]
PartnerCategory = Literal["health", "dental", "pharmacy", "wellness", "education", "food", "leisure", "services"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Part(BaseModel):
    """Nothing is guessed: no unknown keys, no text for numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Template(Part):
    name: f.TemplateName
    language: f.Language = "pt_BR"
    category: Literal["utility", "marketing", "authentication"] = "utility"
    parameters: list[f.Intent] = Field(default=[], max_length=10)


class Business(Part):
    slug: f.Slug
    name: f.Line
    document: f.Cnpj | None = None
    timezone: f.Zone = "America/Sao_Paulo"
    brand_color: f.Color = "#0b7a5b"
    greeting: Annotated[f.Line, Field(max_length=200)] = ""


class Support(Part):
    phone: f.Phone | None = None
    email: f.Email | None = None


class Verification(Part):
    channels: Annotated[list[Channel], Field(min_length=1), AfterValidator(f.no_repeats)] = ["email"]
    code_template: Template | None = None
    codes_a_day: int = Field(default=5000, ge=1, le=1_000_000)


class Pix(Part):
    bubble: bool = False
    bubble_paid: bool = False
    expires_minutes: int = Field(default=60, ge=5, le=1440)


class Messages(Part):
    read_receipts: bool = False
    reminders: bool = True
    templates: dict[f.Intent, Template] = {}


class Consent(Part):
    version: f.Version
    text: Annotated[f.Text, Field(min_length=1, max_length=1000)]
    url: f.Url | None = None


class Contract(Part):
    version: f.Version
    title: f.Line
    effective_from: date
    summary: list[Annotated[f.Line, Field(max_length=160)]] = Field(min_length=3, max_length=6)
    content: Annotated[str, Field(min_length=200, max_length=200_000), AfterValidator(str.strip)]


class Benefit(Part):
    name: f.Line
    description: f.Text = ""
    discount_percentage: int | None = Field(default=None, ge=1, le=100)


class Addon(Part):
    slug: f.Slug
    name: f.Line
    price: f.Money


class Plan(Part):
    slug: f.Slug
    name: f.Line
    category: Literal["individual", "family", "premium"]
    description: f.Text = ""
    price: f.Money
    billing_cycle: Literal["monthly", "quarterly", "semester", "yearly"] = "monthly"
    adhesion_fee: f.Money = 0
    trial_days: int = Field(default=0, ge=0, le=365)
    average_savings: f.Money | None = None
    max_dependents: int = Field(default=0, ge=0, le=20)
    min_age: int = Field(default=18, ge=18, le=120)
    max_age: int | None = Field(default=None, ge=18, le=150)
    validity_months: int = Field(default=12, ge=1, le=120)
    collects_health_data: bool = False
    highlight: bool = False
    benefits: list[Benefit] = Field(min_length=1, max_length=30)
    addons: list[Addon] = Field(default=[], max_length=10)


class Location(Part):
    name: f.Line
    cep: f.Cep
    street: f.Line
    number: f.HouseNumber
    neighborhood: f.ShortLine
    city: f.ShortLine
    state: f.Uf
    latitude: f.Latitude | None = None
    longitude: f.Longitude | None = None
    phone: f.Phone | None = None
    hours: dict[Day, f.Hours] = {}
    """A day that is not named is closed."""


class Partner(Part):
    slug: f.Slug
    name: f.Line
    category: PartnerCategory
    description: f.Text = ""
    phone: f.Phone | None = None
    email: f.Email | None = None
    website: f.Url | None = None
    locations: list[Location] = Field(min_length=1, max_length=200)


class BusinessFile(Part):
    business: Business
    support: Support = Support()
    verification: Verification = Verification()
    pix: Pix = Pix()
    messages: Messages = Messages()
    consents: dict[ConsentKind, Consent] = {}
    contract: Contract | None = None
    plans: list[Plan] = Field(default=[], max_length=50)
    partners: list[Partner] = Field(default=[], max_length=1000)

    _source: Source = PrivateAttr(default_factory=lambda: Source("business.yaml"))

    @property
    def source(self) -> Source:
        """Where each value stands, for what only the database can tell is wrong."""
        return self._source

    def came_from(self, source: Source) -> BusinessFile:
        self._source = source
        return self
