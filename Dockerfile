FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.txt requirements-build.txt ./
# What builds the package stays out of the environment that is shipped.
RUN python -m venv --without-pip /opt/dojobbot \
 && pip --python /opt/dojobbot install --no-cache-dir --require-hashes -r requirements.txt \
 && pip install --no-cache-dir --require-hashes -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY dojobbot ./dojobbot
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && pip --python /opt/dojobbot install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.12-slim
# The base comes with its standard library uncompiled, and nobody here may write it: each start and each health
# check would compile it anew.
RUN useradd --create-home --uid 10001 --user-group dojobbot \
 && install -d -o dojobbot -g dojobbot /data \
 && python -m compileall -q -x 'site-packages|/tests?/|lib2to3|idlelib|turtledemo' \
      "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /opt/dojobbot /opt/dojobbot
USER 10001:10001
ENV PATH=/opt/dojobbot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DOJOBBOT_HTTP_HOST=0.0.0.0 \
    DOJOBBOT_DATABASE_URL=sqlite:////data/dojobbot.db
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('DOJOBBOT_HTTP_PORT') or '8080'}/healthz\", timeout=4)"]
CMD ["dojobbot", "run"]
