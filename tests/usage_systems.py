"""Microsoft Graph and GitHub as their documentation has them: who uses what is told as a snapshot, in their shapes."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from app.integrations.microsoft.graph import COPILOT_SKU
from tests.other_system import Asked, OtherSystem, Reply

SECRET = "secret-of-Margaret-4711"
HEADINGS = {
    "teams": "Microsoft Teams Copilot Last Activity Date",
    "word": "Word Copilot Last Activity Date",
    "copilot_chat": "Copilot Chat Last Activity Date",
    "powerpoint": "PowerPoint Copilot Last Activity Date",
    "edge": " Edge Last Activity Date ",
}
FIELDS = {
    "teams": "microsoftTeamsCopilotLastActivityDate",
    "word": "wordCopilotLastActivityDate",
    "copilot_chat": "copilotChatLastActivityDate",
    "powerpoint": "powerPointCopilotLastActivityDate",
    "edge": "edgeLastActivityDate",
}
# Nothing, in each of its forms.
EMPTY = ("", " ", None)


@dataclass
class UsageSystem:
    """What both have in common: for each user and app the last day of activity, and everything that ever was."""

    address: str = ""
    today: date = date(2024, 5, 20)
    last: dict[str, dict[str, date]] = field(default_factory=dict)
    kind = ""

    def use(self, user: str, app: str, day: date | None = None) -> None:
        """Somebody uses an app; what is told from now on."""
        day = day or self.today
        known = self.last.setdefault(user, {})
        known[app] = max(day, known.get(app, day))

    def standing(self) -> set[tuple[str, str, str]]:
        """User, app and day as a snapshot shows them; the last day of all is that of app `any`."""
        return {
            (user, app, day.isoformat())
            for user, apps in self.last.items()
            for app, day in {**apps, **({"any": max(apps.values())} if apps else {})}.items()
        }

    def settings(self, system: OtherSystem) -> dict[str, Any]:
        raise NotImplementedError

    def secrets(self) -> dict[str, str]:
        raise NotImplementedError

    def __call__(self, asked: Asked) -> Reply:
        raise NotImplementedError


@dataclass
class Graph(UsageSystem):
    """The token endpoint, the report at its three addresses, and subscribedSkus."""

    report: str = "v1.0"
    concealed: bool = False
    elsewhere: str = ""
    lives: int = 3599
    tokens: list[str] = field(default_factory=list)
    units: Mapping[str, int] = field(default_factory=lambda: {"enabled": 25, "warning": 0})
    consumed: int = 20
    kind = "microsoft_graph"

    def settings(self, system: OtherSystem) -> dict[str, Any]:
        return {
            "tenant": "council.example.org",
            "application": "11111111-2222-3333-4444-555555555555",
            "report": self.report,
            "address": system.address,
            "sign_in_address": system.address,
        }

    def secrets(self) -> dict[str, str]:
        return {"client_secret": SECRET}

    def __call__(self, asked: Asked) -> Reply:
        path = unquote(asked.path)
        if path == "/council.example.org/oauth2/v2.0/token":
            return self._token(asked)
        if asked.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return Reply({"error": {"code": "InvalidAuthenticationToken"}}, 401)
        if path == "/v1.0/subscribedSkus":
            return Reply({"value": self._skus()})
        place, _, function = path.partition("/getMicrosoft365CopilotUsageUserDetail")
        if (place, function) == ("/beta/reports", "(period='D7')"):
            return Reply(None, 302, {"Location": f"{self.elsewhere}/stored/report.csv?sig=x"})
        assert function == "(period='D7',version='v1')", path
        if place == "/beta/copilot/reports":
            return self._json(asked)
        assert place == "/v1.0/copilot/reports", path
        return Reply(self.csv(), headers={"Content-Type": "application/octet-stream"})

    def _token(self, asked: Asked) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        right = {"grant_type": "client_credentials", "client_secret": SECRET}
        if not right.items() <= form.items() or not form["scope"].endswith("/.default"):
            return Reply({"error": "invalid_client"}, 401)
        self.tokens.append(f"token-{len(self.tokens) + 1}-of-Margaret")
        told = {"token_type": "Bearer", "expires_in": self.lives, "access_token": self.tokens[-1]}
        return Reply(told)

    def csv(self) -> bytes:
        """The report with its columns in another order each time, and stray blanks."""
        names = [
            "Report Refresh Date",
            " User Principal Name",
            "Display Name",
            "Last Activity Date ",
        ]
        names += [*HEADINGS.values(), "Report Period"]
        turn = len(self.tokens) % len(names)
        names = names[turn:] + names[:turn]
        text = io.StringIO()
        lines = csv.writer(text)
        lines.writerow(names)
        for place, (user, apps) in enumerate(self.last.items()):
            said: dict[str, Any] = dict.fromkeys(HEADINGS.values(), EMPTY[place % 2])
            said |= {HEADINGS[app]: day for app, day in apps.items()}
            said["Report Refresh Date"] = self.today
            said[" User Principal Name"] = self._name(user)
            said["Display Name"] = "Margaret, O'Brien"
            said["Last Activity Date "] = max(apps.values(), default="")
            lines.writerow(said.get(name, "7") for name in names)
        return "\ufeff".encode() + text.getvalue().encode()

    def _json(self, asked: Asked) -> Reply:
        start = int(asked.query.get("$skiptoken", "0"))
        users = list(self.last.items())
        told: dict[str, Any] = {"value": [self._user(*each) for each in users[start : start + 3]]}
        if start + 3 < len(users):
            told["@odata.nextLink"] = f"{self.address}{asked.path}?$skiptoken={start + 3}"
        return Reply(told)

    def _user(self, user: str, apps: Mapping[str, date]) -> dict[str, Any]:
        nothing = EMPTY[len(user) % 3]
        return {
            "reportRefreshDate": self.today.isoformat(),
            "userPrincipalName": self._name(user),
            "displayName": "Margaret",
            "lastActivityDate": str(max(apps.values())) if apps else nothing,
            **{name: str(apps[app]) if app in apps else nothing for app, name in FIELDS.items()},
            "copilotActivityUserDetailsByPeriod": [{"reportPeriod": 7}],
        }

    def _name(self, user: str) -> str:
        return user.encode().hex().upper()[:32] if self.concealed else user.upper()

    def _skus(self) -> list[dict[str, Any]]:
        units = {"suspended": 0, "lockedOut": 0, **self.units}
        other = {"skuId": "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "skuPartNumber": "SPE_E5"}
        copilot = {"skuId": COPILOT_SKU, "skuPartNumber": "Microsoft_365_Copilot"}
        return [
            {**other, "consumedUnits": 400, "prepaidUnits": {**units, "enabled": 500}},
            {**copilot, "consumedUnits": self.consumed, "prepaidUnits": units},
        ]


@dataclass
class GitHub(UsageSystem):
    """`GET /orgs/{org}/copilot/billing/seats`, three seats a page, whatever is asked for."""

    emails: bool = True
    leaving: int = 0
    kind = "github_copilot"

    def settings(self, system: OtherSystem) -> dict[str, Any]:
        return {"organisation": "council", "address": system.address}

    def secrets(self) -> dict[str, str]:
        return {"token": SECRET}

    @property
    def product(self) -> str:
        return "GitHub_Copilot"

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return Reply({"message": "Bad credentials"}, 401)
        assert asked.path == "/orgs/council/copilot/billing/seats"
        size, page = 3, int(asked.query["page"])
        seats = [self._seat(n, *each) for n, each in enumerate(self.last.items())]
        now = datetime.fromisoformat(f"{self.today}T12:00:00+00:00")
        headers = {"Date": format_datetime(now, usegmt=True)}
        if page * size < len(seats):
            more = f"{self.address}{asked.path}?page={page + 1}"
            headers["Link"] = f'<{more}>; rel="next", <{more}>; rel="last"'
        told = {"total_seats": len(seats), "seats": seats[(page - 1) * size : page * size]}
        return Reply(told, headers=headers)

    def _seat(self, place: int, user: str, apps: Mapping[str, date]) -> dict[str, Any]:
        app, day = max(apps.items(), key=lambda each: each[1], default=(None, None))
        return {
            "created_at": "2024-01-03T09:00:00Z",
            "updated_at": "2024-01-03T09:00:00Z",
            "pending_cancellation_date": "2024-06-01" if place < self.leaving else None,
            # In British summer time it is the next day already.
            "last_activity_at": f"{day - timedelta(days=1)}T23:30:00Z" if day else None,
            "last_activity_editor": f"{app}/1.77.3/copilot/1.86.82" if app else None,
            "plan_type": "business",
            "assignee": {
                "login": user.partition("@")[0],
                "id": place,
                "type": "User",
                **({"email": user} if self.emails else {}),
            },
        }

    def standing(self) -> set[tuple[str, str, str]]:
        """Of each seat the last use alone is told."""
        found = set()
        for user, apps in self.last.items():
            app, day = max(apps.items(), key=lambda each: each[1])
            found |= {(user, app, day.isoformat()), (user, "any", day.isoformat())}
        return found
