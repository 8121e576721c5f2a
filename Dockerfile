# The image of all three kinds of process: web, worker, scheduler. See docs/how-to/deploy.md.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/venv
COPY requirements/base.lock .
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r base.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home hunter && install -d -o hunter /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY --chown=root:root . .
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PRODUCTION=1 DATA_DIR=/data
USER hunter
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "hunter.wsgi", "--bind", "0.0.0.0:8000", "--workers", "4", "--threads", "4", "--keep-alive", "75", "--preload", "--no-control-socket"]
