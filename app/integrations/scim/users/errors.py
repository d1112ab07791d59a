"""What can go wrong with the users of a directory."""

from app.core.errors import Conflict, constraint

constraint(
    "uq_directory_user_user_name",
    Conflict("Another user of the directory has this userName.", code="user_name_taken"),
)
constraint(
    "pk_directory_user",
    Conflict("This person is kept by the directory already.", code="directory_user_exists"),
)
