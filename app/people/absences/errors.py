"""What can go wrong with absences."""

from app.core.errors import Invalid, constraint

constraint(
    "ck_absence_interval", Invalid("ends_on must lie after starts_on", code="dates_out_of_order")
)
