# A server with the bundled model inside: nothing is fetched when a container starts.
#
#     docker build -t vecsmith .
#     docker run --rm -v vecsmith:/var/lib/vecsmith vecsmith keys create
#     docker run -p 8080:8080 -v vecsmith:/var/lib/vecsmith vecsmith
#
# docs/running.md says more.

FROM python:3.11-slim AS build
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN python -m venv /opt/vecsmith \
    && /opt/vecsmith/bin/python -m pip install --no-cache-dir -c constraints.txt .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/vecsmith --shell /usr/sbin/nologin vecsmith \
    && install --directory --owner=vecsmith --mode=700 /var/lib/vecsmith
COPY --from=build /opt/vecsmith /opt/vecsmith
# the volume keeps keys, vecsmith.toml and caches
ENV PATH=/opt/vecsmith/bin:$PATH \
    VECSMITH_HOME=/var/lib/vecsmith \
    VECSMITH_HOST=0.0.0.0 \
    VECSMITH_PORT=8080 \
    VECSMITH_LOG_FORMAT=json
USER vecsmith
WORKDIR /var/lib/vecsmith
VOLUME /var/lib/vecsmith
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", "import http.client, os, sys; there = http.client.HTTPConnection('127.0.0.1', int(os.environ['VECSMITH_PORT']), timeout=4); there.request('GET', '/ready'); sys.exit(there.getresponse().status != 200)"]
ENTRYPOINT ["vecsmith"]
CMD ["serve"]
