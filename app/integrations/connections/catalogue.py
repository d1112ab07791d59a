"""Every kind of connection there is. Another is one more line."""

from app.integrations.connections.kinds import Kind
from app.integrations.files import sftp
from app.integrations.github import copilot
from app.integrations.hr import successfactors
from app.integrations.microsoft import graph
from app.integrations.timesheets import kimai, timetagger, toggl, tryton

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        copilot.KIND,
        graph.KIND,
        kimai.KIND,
        sftp.KIND,
        successfactors.KIND,
        timetagger.KIND,
        toggl.KIND,
        tryton.KIND,
    )
}
