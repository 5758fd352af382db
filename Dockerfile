# Amends in a container: `docker build -t amends .` from a checkout, nothing else needed.
#
# Where packages come from is pip's own business: behind a mirror, build with
#   docker build --secret id=pip,src=/etc/pip.conf -t amends .
# That file is there for the one step that needs it and in no layer.

# The Python that the requirements are pinned and tested with.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
WORKDIR /build
RUN python3 -m venv /opt/amends
# First what seldom changes, so that a change of the code does not install everything anew.
COPY requirements/build.txt requirements/run.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/amends/bin/python -m pip install --require-hashes -r requirements/build.txt -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/amends/bin/python -m pip install --no-index --no-build-isolation --no-deps . \
    && /opt/amends/bin/amends --version

FROM python:${PYTHON}
# A first process that passes signals on and buries the dead; the desk's own processes do neither for others.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 amends \
    && useradd --system --uid 10001 --gid amends --home-dir /var/lib/amends --shell /usr/sbin/nologin amends \
    && install --directory --owner amends --group amends --mode 0700 /var/lib/amends
COPY --from=build /opt/amends /opt/amends
ENV PATH=/opt/amends/bin:$PATH \
    AMENDS_DATA=/var/lib/amends \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/amends
VOLUME /var/lib/amends
EXPOSE 8010
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["amends", "health", "web"]
ENTRYPOINT ["/usr/bin/tini", "--", "amends"]
# The whole desk with its own database. `web` and `worker` run apart where DATABASE_URL names a server.
CMD ["serve", "--host", "0.0.0.0"]
