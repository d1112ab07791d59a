"""The mappings that come with Pilotlight."""

from app.core.instants import DateOrder
from app.imports.mappings.schemas import ColumnSourceIn, ImportMappingIn
from app.imports.models import ImportKind

_EMPLOYEE, _ELEMENT, _DATE = "EMPLOYEE_REF", "ELEMENT_CODE", "DATE"
_START, _END = "START_TIME", "END_TIME"

# What INPUT_TIME counts (hours, or hours and minutes) and whether breaks are in it differs from export to
# export, so minutes are those between the two times. Who knows theirs saves a mapping that reads it.
ITRENT = ImportMappingIn(
    name="itrent",
    kind=ImportKind.TIME_SAMPLES,
    columns={
        "person_external_id": ColumnSourceIn(columns=[_EMPLOYEE]),
        "category": ColumnSourceIn(columns=[_ELEMENT]),
        "started_at": ColumnSourceIn(columns=[_DATE, _START]),
        "source_ref": ColumnSourceIn(columns=[_EMPLOYEE, _DATE, _START, _ELEMENT], separator="/"),
    },
    constants={"source": "itrent", "method": "timesheet"},
    ends_at=_END,
    date_order=DateOrder.DAY_FIRST,
    zone="Europe/London",
    ignored=["INPUT_TIME", "COST_CODE", "COSTING_RULE"],
)

BUILT_IN = {mapping.name: mapping for mapping in (ITRENT,)}
