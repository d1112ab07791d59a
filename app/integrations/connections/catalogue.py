"""Every kind of connection there is. Another is one more line."""

from app.integrations.connections.kinds import Kind
from app.integrations.timesheets import timetagger

KINDS: dict[str, Kind] = {kind.name: kind for kind in (timetagger.KIND,)}
