# Two stages: the first installs what uv.lock names, hash by hash; the second has the result and nothing to build with.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/tls-exporter \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
# The dependencies alone: this layer stays as long as the lock does.
RUN uv sync --locked --no-dev --extra quic --extra kubernetes --no-install-project
COPY exporter ./exporter
COPY docs/runbooks ./docs/runbooks
RUN uv sync --locked --no-dev --extra quic --extra kubernetes --no-editable

FROM python:${PYTHON_VERSION}-slim-bookworm
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tls-exporter" \
      org.opencontainers.image.description="A Prometheus exporter that probes TLS endpoints on each scrape" \
      org.opencontainers.image.documentation="https://example.org/tls-exporter/" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/tls-exporter /opt/tls-exporter
COPY config.example.yaml /etc/tls-exporter/config.yaml
ENV PATH=/opt/tls-exporter/bin:$PATH \
    PYTHONUNBUFFERED=1
WORKDIR /etc/tls-exporter
USER 65532:65532
EXPOSE 10054
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:10054/-/healthy', timeout=3)"]
ENTRYPOINT ["tls-exporter"]
CMD ["--config.file=/etc/tls-exporter/config.yaml"]
