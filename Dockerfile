# One image for every process: `docker run IMAGE serve | scheduler | migrate | ...`.
# It never migrates by itself.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS builder
# Where packages come from a mirror: --build-arg PIP_INDEX_URL=...
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PATH=/opt/venv/bin:$PATH
WORKDIR /build
RUN python -m venv /opt/venv
# What changes seldom comes first, so that a change to the code does not install everything anew.
# There is no compiler here: what is not to be had as a wheel fails at once, and says so.
COPY requirements.txt ./
RUN pip install --require-hashes --only-binary :all: --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
RUN pip install --no-deps --no-build-isolation . \
    && pip check

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="Pilotlight" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# Fixed numbers, so that volumes and security policies can name them. The user owns one folder, for
# an SQLite file on a volume; on PostgreSQL nothing is written but temporary files in /tmp.
RUN groupadd --gid 10001 pilotlight \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home \
        --home-dir /var/lib/pilotlight --shell /usr/sbin/nologin pilotlight \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/pilotlight
COPY --from=builder /opt/venv /opt/venv
WORKDIR /var/lib/pilotlight
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Without the proxies of the environment, which must not come between the probe and the service.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/health/live', timeout=3)"]
ENTRYPOINT ["pilotlight"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--no-scheduler"]
