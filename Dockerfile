# Two stages: the first installs as `make install` does, the second holds the result and nothing to build with.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements/installer.lock requirements/runtime.lock requirements/
COPY scripts/install.sh scripts/
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY scheduler scheduler
COPY conversations conversations
COPY handlers handlers
COPY storage storage
RUN sh scripts/install.sh runtime /opt/balcao

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/balcao --create-home balcao
COPY --from=build /opt/balcao /opt/balcao
COPY examples /opt/balcao/examples
ENV PATH=/opt/balcao/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BALCAO_PORT=8080
USER balcao
# The embedded database (SQLite) is kept here when BALCAO_DATABASE_URL does not say otherwise.
WORKDIR /var/lib/balcao
VOLUME /var/lib/balcao
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['BALCAO_PORT']}/health/live\", timeout=2)"]
CMD ["balcao", "serve"]
