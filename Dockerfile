# macnet-bridge in a container: `run` (the bridge), `simulate` and all other commands.
#
#   docker build -t macnet-bridge .
#   docker run --rm macnet-bridge --help
#
# docker-compose.yml shows it at work; docs/containers.md says what to change for a real cycler.

FROM python:3.13-slim AS build

# Where packages come from another index than pip's own: --build-arg PIP_INDEX_URL=…
# (a proxy needs no line here: docker build knows HTTP_PROXY and HTTPS_PROXY by itself).
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1

# Without pip inside: nothing is ever installed into the finished image.
RUN python3 -m venv --without-pip /opt/macnet-bridge
WORKDIR /src

# The dependencies alone first: they change seldom, so this layer outlives most changes of the code.
COPY pyproject.toml ./
RUN python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        > requirements.txt \
    && pip --python /opt/macnet-bridge/bin/python3 install -r requirements.txt

COPY README.md LICENSE LICENSE-THIRD-PARTY ./
COPY macnet_bridge ./macnet_bridge
RUN pip --python /opt/macnet-bridge/bin/python3 install --no-deps .


FROM python:3.13-slim

# A fixed number, so that whoever mounts files (a password, say) can give them to this user. A new named
# volume takes over the owner of the directory that it is mounted on: here the bridge keeps its data.
RUN groupadd --gid 10001 macnet \
    && useradd --uid 10001 --gid macnet --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin macnet \
    && install -d -o macnet -g macnet /var/lib/macnet-bridge

COPY --from=build /opt/macnet-bridge /opt/macnet-bridge
ENV PATH=/opt/macnet-bridge/bin:$PATH PYTHONUNBUFFERED=1

USER macnet
ENTRYPOINT ["macnet-bridge"]
CMD ["--help"]
