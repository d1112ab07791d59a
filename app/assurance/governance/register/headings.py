"""The headings of the Algorithmic Transparency Recording Standard, version 4, in its order. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

STANDARD: Final = "Algorithmic Transparency Recording Standard"
STANDARD_VERSION: Final = "4.0"


class Heading(StrEnum):
    """What may be said in a record, by the name of its heading."""

    TITLE = "title"
    ORGANISATION_NAME = "organisation_name"
    PHASE = "phase"
    REGION = "region"
    ONE_SENTENCE_DESCRIPTION = "one_sentence_description"
    NAME = "name"
    DESCRIPTION = "description"
    WEBSITE = "website"
    CONTACT = "contact"
    ORGANISATION = "organisation"
    TEAM = "team"
    SENIOR_RESPONSIBLE_OWNER = "senior_responsible_owner"
    THIRD_PARTY_INVOLVEMENT = "third_party_involvement"
    THIRD_PARTY = "third_party"
    COMPANIES_HOUSE_NUMBER = "companies_house_number"
    THIRD_PARTY_ROLE = "third_party_role"
    PROCUREMENT = "procurement"
    THIRD_PARTY_DATA_ACCESS = "third_party_data_access"
    DETAILED_DESCRIPTION = "detailed_description"
    BENEFITS = "benefits"
    PREVIOUS_PROCESS = "previous_process"
    ALTERNATIVES = "alternatives"
    INTEGRATION = "integration"
    HUMAN_REVIEW = "human_review"
    FREQUENCY_AND_SCALE = "frequency_and_scale"
    REQUIRED_TRAINING = "required_training"
    APPEALS_AND_REVIEW = "appeals_and_review"
    SYSTEM_ARCHITECTURE = "system_architecture"
    SYSTEM_INPUT = "system_input"
    SYSTEM_OUTPUT = "system_output"
    MAINTENANCE = "maintenance"
    MODELS = "models"
    MODEL_NAME = "model_name"
    MODEL_VERSION = "model_version"
    MODEL_TASK = "model_task"
    MODEL_INPUT = "model_input"
    MODEL_OUTPUT = "model_output"
    MODEL_ARCHITECTURE = "model_architecture"
    MODEL_PERFORMANCE = "model_performance"
    DATASETS = "datasets"
    DEVELOPMENT_DATA = "development_data"
    DATA_MODALITY = "data_modality"
    DATA_QUANTITIES = "data_quantities"
    DEVELOPMENT_SENSITIVE_ATTRIBUTES = "development_sensitive_attributes"
    DATA_REPRESENTATIVENESS = "data_representativeness"
    DATA_CLEANING = "data_cleaning"
    DATA_COLLECTION = "data_collection"
    DEVELOPMENT_DATA_ACCESS = "development_data_access"
    DEVELOPMENT_DATA_SHARING = "development_data_sharing"
    DATA_SOURCES = "data_sources"
    OPERATIONAL_SENSITIVE_ATTRIBUTES = "operational_sensitive_attributes"
    DATA_PROCESSING = "data_processing"
    OPERATIONAL_DATA_ACCESS = "operational_data_access"
    OPERATIONAL_DATA_SHARING = "operational_data_sharing"
    IMPACT_ASSESSMENT = "impact_assessment"
    RISKS_AND_MITIGATIONS = "risks_and_mitigations"


# By section: number, name and title of each heading.
_SECTIONS: Final[dict[str, tuple[tuple[str, Heading, str], ...]]] = {
    "Tier 1: Summary Information": (
        ("0.1", Heading.TITLE, "Title"),
        ("0.2", Heading.ORGANISATION_NAME, "Organisation name"),
        ("0.3", Heading.PHASE, "Phase"),
        ("0.4", Heading.REGION, "Region"),
        ("0.5", Heading.ONE_SENTENCE_DESCRIPTION, "One sentence description"),
        ("1.1", Heading.NAME, "Name"),
        ("1.2", Heading.DESCRIPTION, "Description"),
        ("1.3", Heading.WEBSITE, "Website URL"),
        ("1.4", Heading.CONTACT, "Contact email"),
    ),
    "Tier 2: Owner and Responsibility": (
        ("2.1.1", Heading.ORGANISATION, "Organisation or department"),
        ("2.1.2", Heading.TEAM, "Team"),
        ("2.1.3", Heading.SENIOR_RESPONSIBLE_OWNER, "Senior responsible owner"),
        ("2.1.4", Heading.THIRD_PARTY_INVOLVEMENT, "Third party involvement"),
        ("2.1.4.1", Heading.THIRD_PARTY, "Third party"),
        ("2.1.4.2", Heading.COMPANIES_HOUSE_NUMBER, "Companies House Number"),
        ("2.1.4.3", Heading.THIRD_PARTY_ROLE, "Third party role"),
        ("2.1.4.4", Heading.PROCUREMENT, "Procurement procedure type"),
        ("2.1.4.5", Heading.THIRD_PARTY_DATA_ACCESS, "Third party data access terms"),
    ),
    "Tier 2: Description and Rationale": (
        ("2.2.1", Heading.DETAILED_DESCRIPTION, "Detailed description"),
        ("2.2.2", Heading.BENEFITS, "Benefits"),
        ("2.2.3", Heading.PREVIOUS_PROCESS, "Previous process"),
        ("2.2.4", Heading.ALTERNATIVES, "Alternatives considered"),
    ),
    "Tier 2: Deployment Context": (
        ("2.3.1", Heading.INTEGRATION, "Integration into broader operational process"),
        ("2.3.2", Heading.HUMAN_REVIEW, "Human review"),
        ("2.3.3", Heading.FREQUENCY_AND_SCALE, "Frequency and scale of usage"),
        ("2.3.4", Heading.REQUIRED_TRAINING, "Required training"),
        ("2.3.5", Heading.APPEALS_AND_REVIEW, "Appeals and review"),
    ),
    "Tier 2: Tool Specification": (
        ("2.4.1.1", Heading.SYSTEM_ARCHITECTURE, "System architecture"),
        ("2.4.1.2", Heading.SYSTEM_INPUT, "System-level input"),
        ("2.4.1.3", Heading.SYSTEM_OUTPUT, "System-level output"),
        ("2.4.1.4", Heading.MAINTENANCE, "Maintenance"),
        ("2.4.1.5", Heading.MODELS, "Models"),
    ),
    "Tier 2: Model Specification": (
        ("2.4.2.1", Heading.MODEL_NAME, "Model name"),
        ("2.4.2.2", Heading.MODEL_VERSION, "Model version"),
        ("2.4.2.3", Heading.MODEL_TASK, "Model task"),
        ("2.4.2.4", Heading.MODEL_INPUT, "Model input"),
        ("2.4.2.5", Heading.MODEL_OUTPUT, "Model output"),
        ("2.4.2.6", Heading.MODEL_ARCHITECTURE, "Model architecture"),
        ("2.4.2.7", Heading.MODEL_PERFORMANCE, "Model performance"),
        ("2.4.2.8", Heading.DATASETS, "Datasets and their purposes"),
    ),
    "Tier 2: Development Data Specification": (
        ("2.4.3.1", Heading.DEVELOPMENT_DATA, "Development data description"),
        ("2.4.3.2", Heading.DATA_MODALITY, "Data modality"),
        ("2.4.3.3", Heading.DATA_QUANTITIES, "Data quantities"),
        ("2.4.3.4", Heading.DEVELOPMENT_SENSITIVE_ATTRIBUTES, "Sensitive attributes"),
        ("2.4.3.5", Heading.DATA_REPRESENTATIVENESS, "Data completeness and representativeness"),
        ("2.4.3.6", Heading.DATA_CLEANING, "Data cleaning"),
        ("2.4.3.7", Heading.DATA_COLLECTION, "Data collection"),
        ("2.4.3.8", Heading.DEVELOPMENT_DATA_ACCESS, "Data access and storage"),
        ("2.4.3.9", Heading.DEVELOPMENT_DATA_SHARING, "Data sharing agreements"),
    ),
    "Tier 2: Operational Data Specification": (
        ("2.4.4.1", Heading.DATA_SOURCES, "Data sources"),
        ("2.4.4.2", Heading.OPERATIONAL_SENSITIVE_ATTRIBUTES, "Sensitive attributes"),
        ("2.4.4.3", Heading.DATA_PROCESSING, "Data processing methods"),
        ("2.4.4.4", Heading.OPERATIONAL_DATA_ACCESS, "Data access and storage"),
        ("2.4.4.5", Heading.OPERATIONAL_DATA_SHARING, "Data sharing agreements"),
    ),
    "Tier 2: Risks, Mitigations and Impact Assessments": (
        ("2.5.1", Heading.IMPACT_ASSESSMENT, "Impact assessments"),
        ("2.5.2", Heading.RISKS_AND_MITIGATIONS, "Risks and mitigations"),
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A heading where it stands in the standard."""

    section: str
    number: str
    heading: Heading
    title: str


PLACES: Final = tuple(
    Place(section, number, code, title)
    for section, headings in _SECTIONS.items()
    for number, code, title in headings
)
