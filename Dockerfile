FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY --from=build /app/dist ./dist
COPY migrations ./migrations
COPY schemas ./schemas
COPY policy ./policy
COPY locales ./locales
USER node
EXPOSE 8080
# Without npm in between: SIGTERM must reach the engine, which then ends in order.
CMD ["node", "--min-semi-space-size=8", "--max-semi-space-size=8", "--initial-old-space-size=180", "--heap-growing-percent=60", "--no-allocation-site-pretenuring", "dist/main.js", "serve"]
