"""What can go wrong with another system: a code, and a sentence without anything that it or we sent."""


class OutwardError(Exception):
    """Another system could not be asked, or did not answer as it should.

    Args:
        code: a stable code.
        detail: one sentence for an administrator; no secret, no query, nothing of an answer.
        status: the HTTP status that it answered, where it did.
    """

    def __init__(self, code: str, detail: str, *, status: int | None = None) -> None:
        super().__init__(code)
        self.code, self.detail, self.status = code, detail, status


def refused_address() -> OutwardError:
    return OutwardError(
        "address_refused",
        "The address is private, or leads to one that is. PILOTLIGHT_ALLOW_PRIVATE_ADDRESSES permits it.",
    )


def insecure_address() -> OutwardError:
    return OutwardError(
        "address_insecure",
        "The address is without TLS. Only private addresses may be, if permitted.",
    )


def unreachable() -> OutwardError:
    return OutwardError("unreachable", "The other system cannot be reached, or broke off.")


def timed_out() -> OutwardError:
    return OutwardError("timed_out", "The other system took too long to answer.")


def too_large() -> OutwardError:
    return OutwardError(
        "answer_too_large", "The answer is larger than PILOTLIGHT_MAX_OUTWARD_BYTES allows."
    )


def malformed() -> OutwardError:
    return OutwardError(
        "malformed_answer",
        "The answer is cut short, or not what the other system is known to send.",
    )


def redirected() -> OutwardError:
    return OutwardError("redirected", "The other system sent us elsewhere, where we do not go.")


def elsewhere() -> OutwardError:
    return OutwardError(
        "foreign_link", "The other system named a next page on another host, where we do not go."
    )


def denied(status: int) -> OutwardError:
    detail = "The other system does not take our credentials, or they may not read this."
    return OutwardError("credentials_refused", detail, status=status)


def busy(status: int) -> OutwardError:
    return OutwardError(
        "other_system_busy", "The other system asks us to come back later.", status=status
    )


def failing(status: int) -> OutwardError:
    return OutwardError(
        "other_system_failing", "The other system reports an error of its own.", status=status
    )


def unexpected(status: int) -> OutwardError:
    return OutwardError(
        "unexpected_status",
        f"The other system answered {status}. Is the address right?",
        status=status,
    )
