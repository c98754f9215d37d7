# `rollcall run` as a container: docs/setup-anywhere.md. Small, without root, and with nothing to write but its state.
FROM node:24-alpine AS build
WORKDIR /build
COPY package.json package-lock.json ./
# esbuild and all that is bundled; no script of a package is run.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY functions functions
COPY shared shared
COPY scripts scripts
RUN node scripts/build.ts

FROM node:24-alpine
# Nothing is installed in it later on. Made here, as a copied folder can be read by all.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /opt/yarn* \
  && install -d -m 700 -o node -g node /var/lib/rollcall
COPY --from=build /build/dist /app/dist
COPY --from=build /build/package.json /app/package.json
COPY docs /app/docs
ENV NODE_ENV=production ROLLCALL_HOSTS=/etc/rollcall/hosts.yml ROLLCALL_STATE=/var/lib/rollcall
USER node
VOLUME /var/lib/rollcall
HEALTHCHECK --interval=5m --timeout=30s --start-period=2m --retries=1 \
  CMD ["node", "/app/dist/rollcall.mjs", "run", "--healthy-within", "2h", "--quiet"]
ENTRYPOINT ["node", "/app/dist/rollcall.mjs"]
CMD ["run", "--every", "15m"]
