"""Templates to pages. What is put in is escaped, what is missing is an error."""

from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from app.core.sentences import counted
from app.dashboard import assets, wording

# Nothing but our own styles and pictures: no script, no style within a page, no foreign host.
SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# On a page with charts as well our own scripts, from their addresses, and what they ask this service for.
SCRIPTED_POLICY: Final = f"{SECURITY_POLICY}; script-src 'self'; connect-src 'self'"


@pass_context
def _instant(context: Context, value: str) -> str:
    """An instant in the zone of the organisation whose page it is."""
    return wording.instant(value, context["zone"])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "answered": wording.answered,
        "counted": counted,
        "day": wording.day,
        "instant": _instant,
        "last_day": wording.last_day,
        "money": wording.money_text,
        "number": wording.number,
        "people": wording.people,
        "plain": wording.plain,
        "rate": wording.rate,
        "share": wording.share,
        "shown": wording.shown,
        "target": wording.target,
        "words": wording.words,
        "worth": wording.worth,
    }
    environment.globals |= {
        "static": assets.address,
        "metrics": wording.METRICS,
        "tiers": wording.TIERS,
    }
    return environment


_ENVIRONMENT: Final = _environment()


def page(template: str, context: dict[str, Any], status: int = 200) -> HTMLResponse:
    """A page made from a template; with `script`, the address of one, it may run ours."""
    html = _ENVIRONMENT.get_template(template).render(context)
    policy = SCRIPTED_POLICY if context.get("script") else SECURITY_POLICY
    return HTMLResponse(html, status, {"Content-Security-Policy": policy})
