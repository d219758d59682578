# The service in a container. Redis and a buffering proxy stand beside it: see docker-compose.yml and docs/operations.md.

FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
COPY templates templates
COPY static static
RUN pip wheel --no-cache-dir --wheel-dir /wheels ".[postgres]"

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/dvauth --create-home dvauth
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index /wheels/*.whl

# Inside a container the whole network is the container's own; what is published is for docker-compose.yml to say.
ENV DVAUTH_BIND=0.0.0.0:8000 \
    DVAUTH_DATA_DIR=/var/lib/dvauth \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/dvauth
EXPOSE 8000
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["dvauth", "serve"]
