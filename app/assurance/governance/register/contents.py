"""What an item holds, by its kind."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.assurance.governance.register.headings import Heading
from app.assurance.governance.register.models import ItemKind
from app.core.fields import CalendarDate, Input, Label, Prose

Labels = Annotated[list[Label], Field(max_length=50)]
OneToFive = Annotated[int, Field(strict=True, ge=1, le=5)]
CompanyNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{8}$")]


class LawfulGround(StrEnum):
    """Article 6(1) of the UK GDPR."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class Level(StrEnum):
    """How much of a risk is left."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ImpactOutcome(StrEnum):
    """What an equality impact assessment came to."""

    NO_CHANGE = "no_change"
    ADJUST = "adjust"
    CONTINUE = "continue_with_reasons"
    STOP = "stop"


class LawfulBasis(Input):
    """On what ground which data are used."""

    kind: Literal[ItemKind.LAWFUL_BASIS]
    basis: LawfulGround
    special_category_condition: Label | None = Field(
        default=None, description="Article 9(2), where data of a special category are used."
    )
    data_categories: Labels = Field(min_length=1)
    data_subjects: Labels = Field(default_factory=list)


class Dpia(Input):
    """A data protection impact assessment."""

    kind: Literal[ItemKind.DPIA]
    residual_risk: Level
    ico_consulted: bool = False
    summary: Prose | None = None
    document_ref: Label | None = None


class EqualityImpact(Input):
    """An equality impact assessment."""

    kind: Literal[ItemKind.EQUALITY_IMPACT]
    outcome: ImpactOutcome
    groups: Labels = Field(default_factory=list, description="Groups that it may touch.")
    mitigations: Prose | None = None
    document_ref: Label | None = None


class TransparencyRecord(Input):
    """What is said under the headings of the transparency standard; the rest is drafted from the register."""

    kind: Literal[ItemKind.TRANSPARENCY_RECORD]
    entries: dict[Heading, Prose] = Field(default_factory=dict, max_length=len(Heading))


class SupplierAssurance(Input):
    """Who supplies the tool, and what they have shown."""

    kind: Literal[ItemKind.SUPPLIER_ASSURANCE]
    supplier: Label
    companies_house_number: CompanyNumber | None = None
    role: Prose | None = None
    procurement: Label | None = None
    data_access: Prose | None = None
    data_location: Label | None = None
    certifications: Labels = Field(default_factory=list)
    document_ref: Label | None = None


class HumanInTheLoop(Input):
    """Who checks what the tool says before it counts."""

    kind: Literal[ItemKind.HUMAN_IN_THE_LOOP]
    rule: Prose
    checked_by: Label = Field(description="The post; no name of a person.")


class ExitPlan(Input):
    """How the tool is left."""

    kind: Literal[ItemKind.EXIT_PLAN]
    plan: Prose
    data_return: Prose | None = None
    notice_days: Annotated[int, Field(strict=True, ge=0, le=3650)] | None = None


class Consultation(Input):
    """With whom it was talked over."""

    kind: Literal[ItemKind.CONSULTATION]
    consulted: Labels = Field(min_length=1, description="Staff, a union, people who use services.")
    held_on: CalendarDate
    outcome: Prose | None = None


class Risk(Input):
    """What could go wrong."""

    kind: Literal[ItemKind.RISK]
    description: Prose
    likelihood: OneToFive
    impact: OneToFive
    mitigation: Prose | None = None


class Incident(Input):
    """What did go wrong; nobody who receives care is named."""

    kind: Literal[ItemKind.INCIDENT]
    description: Prose
    occurred_on: CalendarDate
    severity: Level
    is_breach: bool = False
    reported_to: Labels = Field(default_factory=list)
    action: Prose | None = None


Content = Annotated[
    LawfulBasis
    | Dpia
    | EqualityImpact
    | TransparencyRecord
    | SupplierAssurance
    | HumanInTheLoop
    | ExitPlan
    | Consultation
    | Risk
    | Incident,
    Field(discriminator="kind"),
]
