# syntax=docker/dockerfile:1
# The newest Node that .ci/run tests on.
ARG NODE_VERSION=26

FROM node:${NODE_VERSION}-trixie-slim AS build
WORKDIR /app
# Dependencies change less often than the code, so they get a layer of their own.
COPY package.json package-lock.json ./
COPY client/package.json client/
COPY examples/web/package.json examples/web/
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json bundle.mjs .env.example ./
COPY src src
COPY client client
COPY schema schema
COPY examples/models.yaml examples/models.yaml
COPY examples/prompts examples/prompts
COPY examples/web examples/web
RUN npm run build
# Of the workspaces nothing is run here, so not even links to them are kept.
RUN npm prune --omit=dev --workspaces=false && mkdir data

FROM node:${NODE_VERSION}-trixie-slim
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="graphql-context-cache" \
      org.opencontainers.image.description="A GraphQL layer over explicit context caching of large language models" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 STORE_URL=sqlite:/data/contexts.db
WORKDIR /app
COPY --from=build /app/package.json /app/.env.example ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/schema schema
COPY --from=build /app/examples/models.yaml examples/models.yaml
COPY --from=build /app/examples/prompts examples/prompts
COPY --from=build /app/examples/web/dist examples/web/dist
# The numeric id of the user `node`, so that an orchestrator can verify it is not root. It owns only /data.
COPY --from=build --chown=1000:1000 /app/data /data
VOLUME /data
USER 1000:1000
EXPOSE 4000
STOPSIGNAL SIGTERM
# Liveness, not readiness: a restart does not help if the store is unavailable.
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz', { signal: AbortSignal.timeout(4000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--enable-source-maps", "dist/main.js"]
