"""What is sent and received about taxonomies."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import Code, Input, Label, NotBlank, Output, Printable, Slug
from app.time_use.taxonomies.models import WorkClass

MAX_CATEGORIES = 200
MAX_MAPPINGS = 5_000
MAX_PREVIEWED = 100

SourceCode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Printable, NotBlank
]


class Category(Input):
    """A kind of work."""

    code: Slug
    name: Label
    work_class: WorkClass = Field(alias="class", description="What it counts as in the ratio.")
    is_recording: bool = Field(
        default=False,
        strict=True,
        description="Writing things down: what the strict variant of the ratio counts as admin.",
    )

    @model_validator(mode="after")
    def only_admin_is_recording(self) -> Self:
        if self.is_recording and self.work_class is not WorkClass.ADMIN:
            raise PydanticCustomError(
                "not_admin", "only a category of class admin can be a recording one"
            )
        return self


class Mapping(Input):
    """Codes of a source that mean a category."""

    source: SourceCode = Field(description="Whose codes; `*` for every source.")
    pattern: SourceCode = Field(
        description="A code, in capitals or not; `*` stands for any characters, none as well."
    )
    category: Slug


class TaxonomyIn(Input):
    """A version to record. It cannot be changed afterwards: record another."""

    version: Code
    name: Label
    categories: list[Category] = Field(min_length=1, max_length=MAX_CATEGORIES)
    mappings: list[Mapping] = Field(default_factory=list, max_length=MAX_MAPPINGS)

    @model_validator(mode="after")
    def codes_fit(self) -> Self:
        counts = Counter(category.code for category in self.categories)
        twice = sorted(code for code, count in counts.items() if count > 1)
        if twice:
            raise PydanticCustomError(
                "category_repeated", "categories stand there twice: {codes}", {"codes": twice[0]}
            )
        unknown = sorted({m.category for m in self.mappings} - set(counts))
        if unknown:
            raise PydanticCustomError(
                "unknown_category",
                "mappings name a category that is not among the categories: {code}",
                {"code": unknown[0]},
            )
        keys = Counter((m.source.casefold(), m.pattern.casefold()) for m in self.mappings)
        if keys and max(keys.values()) > 1:
            raise PydanticCustomError(
                "mapping_repeated", "a source and pattern stand among the mappings twice"
            )
        return self


class CategoryOut(Output):
    """A kind of work."""

    code: str
    name: str
    work_class: WorkClass = Field(alias="class")
    is_recording: bool


class MappingOut(Output):
    """Codes of a source that mean a category."""

    source: str
    pattern: str
    category: str


class TaxonomyOut(Output):
    """A version of categories and mappings."""

    version: str
    name: str
    categories: list[CategoryOut]
    mappings: list[MappingOut]
    is_built_in: bool
    created_at: datetime | None = Field(description="Null for those that come with Pilotlight.")


class PreviewedCode(Output):
    """What a code means; nulls where it means nothing."""

    code: str
    category: str | None
    work_class: WorkClass | None = Field(alias="class")


class PreviewOut(Output):
    """What codes mean under a taxonomy."""

    items: list[PreviewedCode]
    unmapped: int


class ChoiceIn(Input):
    """The version to read a pilot's samples with."""

    version: Code
