# The gateway (target `gateway`, the default) and the Kamailio that docker-compose.yml puts in front of it (target `kamailio`).

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/build-engine-whisper.mjs scripts/engine-llama.mjs scripts/
COPY engines engines
COPY detection detection
COPY gateway gateway
RUN apt-get update && apt-get install -y --no-install-recommends cmake make g++ && rm -rf /var/lib/apt/lists/*
# For any x86-64 machine of the last ten years: the image is built on another one than it runs on.
RUN npm run -s build \
  && node scripts/build-engine-whisper.mjs --cpu x86-64-v3 \
  && rm -rf engines/whisper/node_modules \
  && find engines/whisper/build -mindepth 1 ! -name "*.node" ! -name stamp.json -delete \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM debian:12-slim AS kamailio
RUN apt-get update \
  && apt-get install -y --no-install-recommends kamailio kamailio-json-modules kamailio-utils-modules kamailio-extra-modules \
  && rm -rf /var/lib/apt/lists/*
COPY dialplan/kamailio/kamailio.cfg /etc/ringfence/kamailio.cfg
USER kamailio
ENTRYPOINT ["kamailio", "-DD", "-E", "-Y", "/tmp", "-f", "/etc/ringfence/kamailio.cfg"]

FROM node:22-bookworm-slim AS gateway
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/engines engines
RUN install -d -o node -g node -m 700 /var/lib/ringfence
USER node
VOLUME /var/lib/ringfence
EXPOSE 5060/udp 5060/tcp 5000/tcp 9090/tcp
# 503 means that calls are not carried. A degraded store is no reason to restart: calls go on without it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT ?? 5000}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/gateway/cli/ringfence.js"]
CMD ["serve", "--config", "/etc/ringfence/ringfence.yaml"]
