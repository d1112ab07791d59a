"""Tryton's own client, proteus, in the environment of the peers: told what to do line by line, in JSON.

Run by the tests with the peers' Python; it knows nothing of ours.
"""

# mypy: ignore-errors

import datetime
import json
import sys
from collections import defaultdict

from proteus import Model, config


def found(model, **wanted):
    return Model.get(model).find([(name, "=", value) for name, value in wanted.items()])[0]


def set_up(numbers, works):
    """A company, its employees by number, and its works by name."""
    user = found("res.user", login="admin")
    currency = Model.get("currency.currency")(name="Pound", code="GBP", symbol="£")
    currency.save()
    party = Model.get("party.party")(name="Council")
    party.save()
    company = Model.get("company.company")(party=party, currency=currency)
    company.save()
    user.companies.append(company)
    user.company = company
    user.save()
    config.get_config()._context = Model.get("res.user").get_preferences(True, {})
    for number in numbers:
        party = Model.get("party.party")(name=f"Name of {number}", code=number)
        party.save()
        Model.get("company.employee")(party=party, company=company).save()
    for name in works:
        Model.get("timesheet.work")(name=name, company=company).save()


def call(method, *arguments):
    """A method of lines, at once for all of them: the client's objects would ask for each field."""
    proxy = Model.get("timesheet.line")._proxy
    return getattr(proxy, method)(*arguments, config.get_config().context)


def put(rows):
    """Lines of (number, work, day, minutes); their ids."""
    employees = {e.party.code: e for e in Model.get("company.employee").find([])}
    works = {w.name: w.id for w in Model.get("timesheet.work").find([])}
    lines = [
        {
            "employee": employees[number].id,
            "company": employees[number].company.id,
            "work": works[work],
            "date": datetime.date.fromisoformat(day),
            "duration": datetime.timedelta(minutes=minutes),
        }
        for number, work, day, minutes in rows
    ]
    return call("create", lines)


def correct(changes):
    """Other minutes, by id."""
    for identity, minutes in changes:
        call("write", [identity], {"duration": datetime.timedelta(minutes=minutes)})


def delete(ids):
    call("delete", ids)


def totals():
    """Minutes by number and work, as Tryton adds them up."""
    found = defaultdict(float)
    names = ["employee.party.code", "work.name", "duration"]
    for line in call("search_read", [], 0, None, None, names):
        key = line["employee."]["party."]["code"], line["work."]["name"]
        found[key] += line["duration"].total_seconds() / 60
    return sorted([*key, minutes] for key, minutes in found.items())


def hours():
    """Minutes by number, of Tryton's own report."""
    return sorted(
        [each.employee.party.code, each.duration.total_seconds() / 60]
        for each in Model.get("timesheet.hours_employee").find([])
    )


def connect(url):
    config.set_xmlrpc(url)


KNOWN = {each.__name__: each for each in (connect, set_up, put, correct, delete, totals, hours)}

for text in sys.stdin:
    name, arguments = json.loads(text)
    print(json.dumps(KNOWN[name](*arguments)), flush=True)
