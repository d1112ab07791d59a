"""Pilotlight: pilot tracking for AI trials in the public sector."""

import os

# Requests are computed beside one another anyway: threads of linear algebra would only wait for each other, on a
# busy machine ten times as long as the work takes. And sums come out alike whatever the number of cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
