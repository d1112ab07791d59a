"""The taxonomies that come with Pilotlight: for social care, and for an office."""

from app.time_use.taxonomies.models import WorkClass
from app.time_use.taxonomies.schemas import Category, TaxonomyIn

_ADMIN, _DIRECT, _INDIRECT = WorkClass.ADMIN, WorkClass.DIRECT, WorkClass.INDIRECT
_SUPPORT, _TRAVEL, _EXCLUDED = WorkClass.SUPPORT, WorkClass.TRAVEL, WorkClass.EXCLUDED


def _categories(*rows: tuple[str, str, WorkClass, bool]) -> list[Category]:
    return [
        Category.model_validate(
            {"code": code, "name": name, "class": of, "is_recording": recording}
        )
        for code, name, of, recording in rows
    ]


_AWAY = (
    ("leave", "Leave", _EXCLUDED, False),
    ("break", "Break", _EXCLUDED, False),
)

SOCIAL_CARE = TaxonomyIn(
    version="social-care-1",
    name="Social care",
    categories=_categories(
        ("case_notes", "Case notes", _ADMIN, True),
        ("chronologies", "Chronologies", _ADMIN, True),
        ("forms", "Forms and assessments", _ADMIN, True),
        ("supporting_families_forms", "Forms for Supporting Families", _ADMIN, True),
        ("court_reports", "Court reports and statements", _ADMIN, True),
        ("system_entry", "Entry into the case system", _ADMIN, True),
        ("ai_review", "Checking and correcting AI output", _ADMIN, True),
        ("email_scheduling", "E-mail and scheduling", _ADMIN, False),
        ("visit", "Visit", _DIRECT, False),
        ("family_meeting", "Meeting with the family", _DIRECT, False),
        ("family_contact_remote", "Contact with the family from afar", _DIRECT, False),
        ("liaison", "Liaison with other agencies", _INDIRECT, False),
        ("supervision", "Supervision", _SUPPORT, False),
        ("reflection", "Reflection", _SUPPORT, False),
        ("training", "Training", _SUPPORT, False),
        ("travel", "Travel", _TRAVEL, False),
        *_AWAY,
    ),
)

OFFICE = TaxonomyIn(
    version="office-1",
    name="Office work",
    categories=_categories(
        ("documents", "Writing and editing documents", _ADMIN, True),
        ("meeting_notes", "Minutes and notes of meetings", _ADMIN, True),
        ("data_entry", "Entry into systems and sheets", _ADMIN, True),
        ("ai_review", "Checking and correcting AI output", _ADMIN, True),
        ("email_scheduling", "E-mail and scheduling", _ADMIN, False),
        ("resident_contact", "Contact with residents", _DIRECT, False),
        ("service_delivery", "Delivering the service", _DIRECT, False),
        ("meetings", "Meetings without residents", _INDIRECT, False),
        ("research", "Reading and research", _INDIRECT, False),
        ("supervision", "Supervision", _SUPPORT, False),
        ("training", "Training", _SUPPORT, False),
        ("travel", "Travel", _TRAVEL, False),
        *_AWAY,
    ),
)

BUILT_IN = {taxonomy.version: taxonomy for taxonomy in (SOCIAL_CARE, OFFICE)}
