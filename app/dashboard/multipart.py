"""Forms with a file, as browsers send them (RFC 7578). Pure."""

from email.message import Message
from typing import Final

from app.core.errors import Invalid

MEDIA_TYPE: Final = "multipart/form-data"

# Beside a field of a file stands what the file is called.
NAME_OF: Final = "_name"


def fields_of(body: bytes, content_type: str, most: int) -> dict[str, list[str]]:
    """The fields of a form by name; a file as text, `bytes_of` of which are its bytes.

    Args:
        body: as sent.
        content_type: of the body, with the boundary.
        most: parts.

    Raises:
        Invalid: it is no such form, or has too many parts.
    """
    boundary = _stated(content_type, "content-type", "boundary")
    if not boundary:
        raise Invalid("The form does not say where its fields end.", code="malformed_form")
    mark = b"\r\n--" + boundary.encode("ascii", "replace")
    first, *parts = (b"\r\n" + body).split(mark, most + 1)
    if first or not parts or len(parts) > most or not parts[-1].startswith(b"--"):
        raise Invalid("The form is not complete; nothing was written.", code="malformed_form")
    fields: dict[str, list[str]] = {}
    for part in parts[:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        disposition = _disposition(head.decode(errors="replace"))
        name = _stated(disposition, "content-disposition", "name")
        file_name = _stated(disposition, "content-disposition", "filename")
        if name is None:
            raise Invalid("A field of the form has no name.", code="malformed_form")
        fields.setdefault(name, []).append(value.decode(errors="surrogateescape"))
        if file_name is not None:
            fields.setdefault(name + NAME_OF, []).append(file_name)
    return fields


def bytes_of(text: str) -> bytes:
    """The bytes of a field, also of those that are no UTF-8."""
    return text.encode(errors="surrogateescape")


def _disposition(head: str) -> str:
    lines = (line.partition(":") for line in head.split("\r\n"))
    found = (value for name, _, value in lines if name.strip().lower() == "content-disposition")
    return next(found, "")


def _stated(header: str, name: str, parameter: str) -> str | None:
    message = Message()
    message[name] = header.replace("\r", "").replace("\n", "")
    value = message.get_param(parameter, header=name)
    return value if isinstance(value, str) else None
